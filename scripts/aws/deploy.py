"""``make deploy`` and ``make rollback``: a release becomes what runs, after its plan was shown and agreed to."""

from collections.abc import Callable
from dataclasses import dataclass

from scripts.aws.account import Account, told
from scripts.aws.errors import Refused
from scripts.aws.plan import Change, table
from scripts.aws.prerequisites import reachable_bucket, ready
from scripts.aws.releases import Release, chosen, commit_of, known, load, remember, template_url, uploaded
from scripts.aws.stack import Proposal, Stack
from scripts.aws.stage import Stage

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Consent:
    """What the operator allows. ``ask`` puts a question, and says whether the answer was yes; ``plan_only`` changes nothing."""

    ask: Callable[[str], bool]
    plan_only: bool = False
    force: bool = False


def deploy(account: Account, stage: Stage, stack: Stack, bucket: str | None, consent: Consent, say: Say) -> None:
    """The package of this checkout. Raises OperatingError."""
    found = ready(account, stage, stack, bucket)
    say(f"deploy: {stage.stack} in {account.id} {account.region}, packages in {found.bucket.name}")
    template = uploaded(found.bucket, stage.package, found.template)
    release = Release(template, found.configuration.parameters, found.configuration.tags, commit_of(stage.root))
    if carried_out(stack, template_url(found.bucket, release), release, consent, say):
        remember(found.bucket, stage.stack, release)
    _tell(stack, consent, say)


def rollback(
    account: Account, stage: Stage, stack: Stack, bucket: str | None, to: str | None, consent: Consent, say: Say
) -> None:
    """An earlier release, with the parameters that it had. Raises OperatingError."""
    place = reachable_bucket(account, bucket)
    if isinstance(place, str):
        raise Refused(f"missing:\n  - {place}")
    with told():
        if stack.described() is None:
            raise Refused(f"there is no stack {stage.stack}")
        running = Release(stack.template(), {}, {}).id
    key = chosen(known(place, stage.stack), running, to)
    release = load(place, key)
    say(f"rollback: {stage.stack} from {running} to {_named(release)}")
    carried_out(stack, template_url(place, release), release, consent, say)
    _tell(stack, consent, say)


def carried_out(stack: Stack, url: str, release: Release, consent: Consent, say: Say) -> bool:
    """Whether something was changed: it is not where nothing would change, or only the plan was wanted. Raises OperatingError."""
    proposal = stack.propose(url, release.parameters, release.tags)
    if proposal is None:
        say(f"nothing to change: release {release.id} runs already")
        return False
    say(f"the plan for release {_named(release)}:\n{table(proposal.planned)}")
    try:
        _agreed(proposal, consent)
    except BaseException:
        stack.withdraw(proposal)
        raise
    if consent.plan_only:
        stack.withdraw(proposal)
        return False
    stack.carry_out(proposal, say)
    stack.protect(on=True)
    return True


def _named(release: Release) -> str:
    return f"{release.id} (commit {release.commit})" if release.commit else release.id


def _agreed(proposal: Proposal, consent: Consent) -> None:
    """Raises Refused."""
    losses = [change for change in proposal.planned if change.loses]
    if losses and not consent.force:
        raise Refused("\n".join(["this would lose what cannot be made anew:", *map(_loss, losses), _FORCE]))
    if not consent.plan_only and not consent.ask("carry this out?"):
        raise Refused("not agreed to; nothing was changed")


_FORCE = "if that is wanted, say FORCE=1 (docs/deploy.md, Changing the table)"


def _loss(change: Change) -> str:
    return f"  {change.what} {change.logical_id}: {change.loses}"


def _tell(stack: Stack, consent: Consent, say: Say) -> None:
    """What the operator needs next."""
    if consent.plan_only:
        say("nothing was changed: only the plan was asked for")
        return
    with told():
        outputs = stack.outputs()
    for name, value in sorted(outputs.items()):
        say(f"  {name}  {value}")
