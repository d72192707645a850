"""Where AWS' services do what files do on a laptop: sign tickets (KMS), keep a kubeconfig (Secrets Manager), name the cluster (EKS)."""
