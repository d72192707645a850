"""One CloudFormation stack, changed through change sets only: proposed, looked at, then carried out and followed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from scripts.aws.account import told
from scripts.aws.errors import OperatingError, Refused
from scripts.aws.plan import Change, changes

TABLE: Final = "AWS::DynamoDB::Table"
#: Chalice's template is SAM: a transform that CloudFormation expands, and that makes roles.
_CAPABILITIES: Final = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
_REVIEW: Final = "REVIEW_IN_PROGRESS"
#: What a change set's reason says when there is nothing to change: there is no code for it.
_NOTHING: Final = ("didn't contain changes", "No updates are to be performed")
_DONE: Final = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE", "IMPORT_COMPLETE")
#: States that no change set can be made from -> what to do.
_STUCK: Final = {
    "ROLLBACK_COMPLETE": "its first deployment failed: nothing runs; delete it with `make destroy`, then deploy again",
    "ROLLBACK_FAILED": "its first deployment failed and could not be undone: look at its events, then `make destroy`",
    "DELETE_FAILED": "its deletion failed: look at its events, then `make destroy` again",
    "UPDATE_ROLLBACK_FAILED": "an update could not be undone: mend what its events name, then `aws cloudformation "
    "continue-update-rollback`",
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change set that can be carried out."""

    id: str
    planned: list[Change]
    makes_stack: bool


@dataclass
class Stack:
    """The stack ``name``. ``pause`` waits between two looks."""

    cloudformation: Any
    name: str
    pause: Callable[[], None]
    _seen: set[str] = field(default_factory=set)

    def described(self) -> Mapping[str, Any] | None:
        """What DescribeStacks says; None where there is no such stack."""
        try:
            answer: Mapping[str, Any] = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":  # that is how AWS says that there is none
                return None
            raise
        return answer

    @property
    def status(self) -> str | None:
        """CloudFormation's; None where there is no stack."""
        described = self.described()
        return str(described["StackStatus"]) if described else None

    def outputs(self) -> Mapping[str, str]:
        """What the stack tells, but for Chalice's own, which have no description: its URL is not that of a custom domain."""
        described = self.described() or {}
        ours = [one for one in described.get("Outputs") or () if one.get("Description")]
        return {one["OutputKey"]: one["OutputValue"] for one in ours}

    def parameters(self) -> Mapping[str, str]:
        """As they are in force, defaults too."""
        described = self.described() or {}
        return {one["ParameterKey"]: one["ParameterValue"] for one in described.get("Parameters") or ()}

    def resources(self) -> list[Mapping[str, str]]:
        """Logical and physical id, type and status of each that is there; a deployment that failed has taken its own away again."""
        pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=self.name)
        every = (one for page in pages for one in page["StackResourceSummaries"])
        return [one for one in every if one["ResourceStatus"] != "DELETE_COMPLETE"]

    def physical_ids(self, kind: str) -> list[str]:
        """Of the resources of this type. One that was never made has none."""
        return [one["PhysicalResourceId"] for one in self.resources() if _is_made(one, kind)]

    def table(self) -> str:
        """The name of the stack's one table. Raises Refused."""
        if self.described() is None:
            raise Refused(f"there is no stack {self.name}: `make deploy` makes it")
        tables = self.physical_ids(TABLE)
        if len(tables) != 1:
            raise Refused(f"the stack {self.name} has {len(tables)} tables, and should have one")
        return tables[0]

    def template(self, kind: str = "Original") -> Mapping[str, Any]:
        """As it was deployed, or, ``Processed``, as CloudFormation expanded it."""
        body = self.cloudformation.get_template(StackName=self.name, TemplateStage=kind)["TemplateBody"]
        if not isinstance(body, Mapping):
            raise Refused(f"the stack {self.name} was not deployed by `make deploy`: its template is not JSON")
        return body

    def propose(self, url: str, parameters: Mapping[str, str], tags: Mapping[str, str]) -> Proposal | None:
        """A change set towards the template at ``url``; None where nothing would change. Raises OperatingError."""
        status = self.status
        if status in _STUCK:
            raise Refused(f"the stack {self.name} is {status}: {_STUCK[status]}")
        if status and status != _REVIEW and status.endswith("_IN_PROGRESS"):
            raise Refused(f"the stack {self.name} is {status}: somebody else is at it")
        makes_stack = status in (None, _REVIEW, "DELETE_COMPLETE")
        with told():
            change_set = self.cloudformation.create_change_set(
                StackName=self.name,
                ChangeSetName=f"make-deploy-{datetime.now(UTC):%Y%m%dT%H%M%S%f}",
                ChangeSetType="CREATE" if makes_stack else "UPDATE",
                TemplateURL=url,
                Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
                Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
                Capabilities=list(_CAPABILITIES),
            )["Id"]
            described = self._settled(change_set)
        if described["Status"] == "CREATE_COMPLETE":
            return Proposal(change_set, changes(self._changes(change_set)), makes_stack)
        reason = described.get("StatusReason", "")
        self.withdraw(Proposal(change_set, [], makes_stack))
        if any(nothing in reason for nothing in _NOTHING):
            return None
        raise OperatingError(f"CloudFormation made no plan: {reason}")

    def withdraw(self, proposal: Proposal) -> None:
        """Leaves nothing of a proposal that is not carried out: neither a change set, nor the empty stack of a first one."""
        with told():
            self.cloudformation.delete_change_set(StackName=self.name, ChangeSetName=proposal.id)
            if proposal.makes_stack and self.status == _REVIEW:
                self.cloudformation.delete_stack(StackName=self.name)

    def carry_out(self, proposal: Proposal, say: Callable[[str], None]) -> None:
        """Executes it, says each event, returns when it is done. Raises OperatingError with what failed."""
        with told():
            for _ in self._new_events(self.name):
                pass
            self.cloudformation.execute_change_set(StackName=self.name, ChangeSetName=proposal.id)
            self._follow(self.name, say)

    def protect(self, *, on: bool) -> None:
        """Termination protection."""
        with told():
            self.cloudformation.update_termination_protection(StackName=self.name, EnableTerminationProtection=on)

    def delete(self, say: Callable[[str], None]) -> None:
        """Deletes it, says each event, returns when it is gone. Raises OperatingError with what failed."""
        with told():
            stack_id = str((self.described() or {})["StackId"])  # a deleted stack is known by its id only
            for _ in self._new_events(stack_id):
                pass
            self.cloudformation.delete_stack(StackName=stack_id)
            self._follow(stack_id, say)

    def _settled(self, change_set: str) -> Mapping[str, Any]:
        while True:
            described: Mapping[str, Any] = self.cloudformation.describe_change_set(
                StackName=self.name, ChangeSetName=change_set
            )
            if described["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
                return described
            self.pause()

    def _changes(self, change_set: str) -> Iterator[Mapping[str, Any]]:
        pages = self.cloudformation.get_paginator("describe_change_set").paginate(
            StackName=self.name, ChangeSetName=change_set, IncludePropertyValues=True
        )
        for page in pages:
            yield from page["Changes"]

    def _follow(self, stack: str, say: Callable[[str], None]) -> None:
        failures: list[str] = []
        while True:
            status = self.cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
            for event in self._new_events(stack):
                line = _line(event)
                say(f"  {line}")
                if event["ResourceStatus"].endswith("_FAILED"):
                    failures.append(line)
            if not status.endswith("_IN_PROGRESS"):
                break
            self.pause()
        if status not in _DONE:
            told = "".join(f"\n  {line}" for line in failures[:5])
            raise OperatingError(f"the stack {self.name} ended as {status}{told}")

    def _new_events(self, stack: str) -> list[Mapping[str, Any]]:
        """Those that were not told yet, oldest first. AWS gives the newest first."""
        new: list[Mapping[str, Any]] = []
        for page in self.cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack):
            unseen = [event for event in page["StackEvents"] if event["EventId"] not in self._seen]
            new += unseen
            if len(unseen) < len(page["StackEvents"]):
                break
        self._seen.update(event["EventId"] for event in new)
        return new[::-1]


def _is_made(resource: Mapping[str, str], kind: str) -> bool:
    return resource["ResourceType"] == kind and bool(resource.get("PhysicalResourceId"))


def _line(event: Mapping[str, Any]) -> str:
    reason = event.get("ResourceStatusReason")
    what = f"{event['Timestamp']:%H:%M:%S}  {event['ResourceStatus']:<20}  {event['LogicalResourceId']}"
    return f"{what}: {reason}" if reason else what
