"""AWS's list prices, put in by hand: where AWS changes one, change it here. Without free tiers, discounts and taxes."""

from collections.abc import Mapping
from typing import Final, NamedTuple

REGION: Final = "US East (N. Virginia), us-east-1"
AS_OF: Final = "June 2026"


class Price(NamedTuple):
    """``usd`` for ``per`` units; ``source`` is a page of aws.amazon.com."""

    what: str
    usd: float
    per: float
    unit: str
    source: str


PRICES: Final[Mapping[str, Price]] = {
    "lambda-requests": Price("Lambda, requests", 0.20, 1e6, "requests", "lambda/pricing"),
    "lambda-arm64": Price("Lambda, arm64", 0.0000133334, 1, "GB-seconds", "lambda/pricing"),
    "lambda-x86_64": Price("Lambda, x86_64", 0.0000166667, 1, "GB-seconds", "lambda/pricing"),
    "rest-api": Price("API Gateway, REST API", 3.50, 1e6, "requests", "api-gateway/pricing"),
    "http-api": Price("API Gateway, HTTP API", 1.00, 1e6, "requests", "api-gateway/pricing"),
    "reads": Price("DynamoDB on demand, reads", 0.125, 1e6, "read units", "dynamodb/pricing/on-demand"),
    "writes": Price("DynamoDB on demand, writes", 0.625, 1e6, "write units", "dynamodb/pricing/on-demand"),
    "table": Price("DynamoDB, storage", 0.25, 1, "GB-months", "dynamodb/pricing/on-demand"),
    "backup": Price("DynamoDB, point-in-time recovery", 0.20, 1, "GB-months", "dynamodb/pricing/on-demand"),
    "keys": Price("KMS, keys", 1.00, 1, "key-months", "kms/pricing"),
    "kms": Price("KMS, symmetric requests", 0.03, 1e4, "requests", "kms/pricing"),
    "signatures": Price("KMS, asymmetric requests (ECC)", 0.15, 1e4, "requests", "kms/pricing"),
    "logs": Price("CloudWatch Logs, ingestion", 0.50, 1, "GB", "cloudwatch/pricing"),
    "logs-kept": Price("CloudWatch Logs, storage", 0.03, 1, "GB-months", "cloudwatch/pricing"),
    "metrics": Price("CloudWatch, custom metrics", 0.30, 1, "metric-months", "cloudwatch/pricing"),
    "alarms": Price("CloudWatch, alarms", 0.10, 1, "alarm-months", "cloudwatch/pricing"),
    "dashboards": Price("CloudWatch, dashboards", 3.00, 1, "dashboard-months", "cloudwatch/pricing"),
    "traces": Price("X-Ray, traces recorded", 5.00, 1e6, "traces", "xray/pricing"),
    "nodes": Price("EC2, m7g.large: 2 vCPU, 8 GiB", 0.0816, 1, "node-hours", "ec2/pricing/on-demand"),
    "load-balancer": Price("Application Load Balancer", 0.0225, 1, "hours", "elasticloadbalancing/pricing"),
    "lcu": Price("Application Load Balancer, capacity", 0.008, 1, "LCU-hours", "elasticloadbalancing/pricing"),
    "addresses": Price("Public IPv4 addresses", 0.005, 1, "address-hours", "vpc/pricing"),
    "traffic": Price("Data to the internet", 0.09, 1, "GB", "ec2/pricing/on-demand"),
    "firewall": Price("WAF, a web ACL", 5.00, 1, "ACL-months", "waf/pricing"),
    "firewall-rules": Price("WAF, rules", 1.00, 1, "rule-months", "waf/pricing"),
    "firewall-requests": Price("WAF, requests", 0.60, 1e6, "requests", "waf/pricing"),
    "endpoints": Price("VPC interface endpoints", 0.01, 1, "endpoint-zone-hours", "privatelink/pricing"),
    "nat": Price("NAT gateways", 0.045, 1, "gateway-hours", "vpc/pricing"),
    "eks": Price("EKS, control plane", 0.10, 1, "cluster-hours", "eks/pricing"),
}
