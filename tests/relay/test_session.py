"""Sessions through the real relay process, against a scripted Kubernetes."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web

from loom.wire import SHELL_ENDED
from relay.kube import WATCH_AT_LEAST
from tests.relay.control_plane import RELAY_TOKEN, ControlPlane
from tests.relay.kubernetes import Kubernetes, recorded
from tests.relay.relay_process import running_relay
from tests.relay.setup import Setup


async def test_bytes_both_ways_and_the_size(setup: Setup) -> None:
    viewer, stream = await setup.attached(30, 100)
    await stream.has_size(30, 100)
    await stream.send(b"hello \xe2\x82")
    await stream.send(b"\xac")
    await viewer.until_output(b"hello \xe2\x82\xac")
    await viewer.type(b"ls\r")
    await stream.has_input(b"ls\r")
    assert viewer.order[:2] == ["status", "bytes"]
    status = await viewer.until(status="running", rows=30)
    assert (status["role"], status["viewers"], status["cols"]) == ("driver", 1, 100)


async def test_a_late_viewer_sees_the_screen_and_then_the_same_bytes(setup: Setup) -> None:
    first, stream = await setup.attached()
    await stream.send(b"\x1b[31mred\x1b[0m and a split \x1b]0;ti")
    await first.until_output(b"split \x1b]0;ti")
    second = await setup.viewer()
    await second.resize(24, 80)
    await second.until_output(b"and a split")
    await second.until(viewers=2)
    await first.until(viewers=2)
    assert bytes(second.output).endswith(b"\x1b]0;ti")
    await stream.send(b"tle\x07green")
    await second.until_output(b"\x1b]0;title\x07green")
    await first.until_output(b"tle\x07green")


async def test_a_query_is_answered_once_whoever_looks(setup: Setup) -> None:
    first, stream = await setup.attached()
    second = await setup.viewer()
    await second.resize(24, 80)
    await second.until(viewers=2)
    await stream.send(b"before\x1b[5")
    await first.until_output(b"before")
    await stream.send(b"n\x1b]11;?\x07\x1b[16tafter")
    for viewer in (first, second):
        await viewer.until_output(b"after")
        assert b"\x1b[16t" not in viewer.output
        assert viewer.output.endswith(b"beforeafter")
        await viewer.websocket.close()
    await stream.has_input(b"\x1b[0n\x1b]11;rgb:0000/0000/0000\x07\x1b[6;16;8t")
    await stream.send(b"\x1b[18t")
    await stream.has_input(b"\x1b[8;24;80t")
    assert stream.input.count(b"\x1b[0n") == 1


async def test_an_observer_watches_and_its_typing_goes_nowhere(setup: Setup) -> None:
    driver, stream = await setup.attached()
    observer = await setup.viewer(role="observer")
    await observer.resize(10, 10)
    await observer.type(b"rm -rf /\r")
    await stream.send(b"shown")
    await observer.until_output(b"shown")
    await driver.type(b"x")
    await stream.has_input(b"x")
    assert bytes(stream.input) == b"x"
    assert (10, 10) not in stream.sizes


async def test_the_size_is_that_of_who_typed_last(setup: Setup) -> None:
    first, stream = await setup.attached(24, 80)
    second = await setup.viewer()
    await second.resize(50, 132)
    await second.type(b"a")
    await stream.has_size(50, 132)
    await first.until(rows=50, cols=132)
    await first.type(b"\x1b[?62;22c")  # a terminal's answer: nobody typed
    await stream.has_input(b"\x1b[?62;22c")
    await first.type(b"b")
    await stream.has_size(24, 80)
    await second.resize(40, 40)
    await first.resize(25, 81)
    await stream.has_size(25, 81)
    assert (40, 40) not in stream.sizes


async def test_a_shell_that_ends_detaches_who_typed_last_and_nobody_else(setup: Setup) -> None:
    typer, stream = await setup.attached()
    other = await setup.viewer()
    await typer.type(b"exit\r")
    await stream.has_input(b"exit\r")
    await stream.send(b"logout\r\n" + SHELL_ENDED[:5])
    await stream.send(SHELL_ENDED[5:] + b"fresh shell$ ")
    assert await typer.until_closed() == 1000
    assert typer.messages[-1] == {"type": "exit", "reason": "detached"}
    assert b"loom.dev" not in typer.output
    await other.until_output(b"fresh shell$ ")
    assert b"loom.dev" not in other.output


async def test_what_was_written_before_the_attach_comes_from_the_log_once(setup: Setup) -> None:
    setup.kubernetes.logs["weaver"] = b"before\nboth\n"
    setup.kubernetes.greeting = b"both\r\nprompt$ "
    viewer, _ = await setup.attached()
    await viewer.until_output(b"prompt$ ")
    assert bytes(viewer.output) == b"before\r\nboth\r\nprompt$ "


async def test_stages_and_reasons_are_told_while_waiting(setup: Setup) -> None:
    viewer = await setup.viewer()
    await viewer.until(status="pending", reason="PodNotFound")
    await setup.kubernetes.show("pending-just-created", setup.weaver_id)
    await viewer.until(status="pending", reason="Scheduling")
    await setup.kubernetes.show("image-pull-back-off", setup.weaver_id)
    message = await viewer.until(status="pending", reason="ImagePullBackOff")
    assert message["message"]
    assert [stage["name"] for stage in message["stages"]] == ["scheduled"]
    await setup.running()
    await setup.kubernetes.stream()
    await viewer.until(status="running")
    assert "bytes" not in viewer.order


async def test_the_clones_progress_is_told(setup: Setup) -> None:
    pod, events = recorded("init-running", setup.weaver_id)
    for container in pod["status"]["initContainerStatuses"]:
        container["name"] = "clone"
    setup.kubernetes.events = events
    await setup.kubernetes.set_pod(pod)
    await setup.kubernetes.grow_log("clone", b"Receiving objects:  10%\n")
    viewer = await setup.viewer()
    await viewer.until(reason="Cloning", message="Receiving objects:  10%")
    await setup.kubernetes.grow_log("clone", b"Receiving objects:  70%\n")
    await viewer.until(reason="Cloning", message="Receiving objects:  70%")


async def test_a_container_that_ended_at_once_shows_its_output_and_its_code(setup: Setup) -> None:
    setup.kubernetes.logs["weaver"] = b"I cannot work\n"
    await setup.kubernetes.show("failed-exit-3", setup.weaver_id)
    viewer = await setup.viewer()
    assert await viewer.until_closed() == 1000
    assert b"I cannot work\r\n" in viewer.output
    assert viewer.messages[-1] == {"type": "exit", "reason": "ended", "code": 3}
    assert viewer.messages[0]["status"] == "pending"
    statuses = [message["status"] for message in viewer.messages if message["type"] == "status"]
    assert list(dict.fromkeys(statuses)) == ["pending", "running", "failed"]
    assert viewer.order.index("bytes") == 1


async def test_a_container_that_ends_tells_its_code(setup: Setup) -> None:
    viewer, stream = await setup.attached()
    await stream.send(b"bye\r\n")
    await stream.end()
    await setup.kubernetes.show("succeeded-exit-0", setup.weaver_id)
    assert await viewer.until_closed() == 1000
    assert bytes(viewer.output).endswith(b"bye\r\n")
    assert viewer.messages[-1] == {"type": "exit", "reason": "ended", "code": 0}


async def test_a_deleted_weaver(setup: Setup) -> None:
    viewer, stream = await setup.attached()
    await setup.kubernetes.show("terminating", setup.weaver_id)
    await viewer.until(status="terminating")
    await stream.end()
    await setup.kubernetes.remove(setup.weaver_id)
    await viewer.until_closed()
    assert viewer.messages[-1] == {"type": "exit", "reason": "deleted"}


async def test_an_expired_weaver(setup: Setup) -> None:
    await setup.running()
    past = datetime.now(UTC) - timedelta(seconds=1)
    viewer = await setup.viewer(weaver_expires_at=past.isoformat())
    stream = await setup.kubernetes.stream()
    await stream.end()
    await setup.kubernetes.remove(setup.weaver_id)
    await viewer.until_closed()
    assert viewer.messages[-1] == {"type": "exit", "reason": "expired"}


async def test_a_broken_stream_is_opened_again_and_programs_redraw(setup: Setup) -> None:
    viewer, stream = await setup.attached()
    await stream.has_size(24, 80)
    await stream.cut()
    again = await setup.kubernetes.stream()
    await again.has_sizes((24, 80), (23, 80), (24, 80))
    await again.send(b"still here")
    await viewer.until_output(b"still here")
    notice = await viewer.until(type="notice")
    assert "connecting again" in notice["text"]


async def test_a_prompt_from_before_the_attach_is_drawn_again(setup: Setup) -> None:
    """It is in no log, and the stream stays silent: a change of size makes the shell write it."""
    fresh, _ = recorded("running-no-probe", setup.weaver_id)
    started = fresh["status"]["containerStatuses"][0]["state"]["running"]
    started["startedAt"] = datetime.now(UTC).isoformat(timespec="seconds")
    await setup.kubernetes.set_pod(fresh)
    viewer = await setup.viewer()
    await viewer.resize(24, 80)
    stream = await setup.kubernetes.stream()
    await stream.has_sizes((24, 80), (23, 80), (24, 80))


async def test_an_attach_that_is_refused_for_a_moment_is_tried_again(setup: Setup) -> None:
    setup.kubernetes.refuse_attach = web.Response(status=500, text="container not found")
    viewer, stream = await setup.attached()
    await stream.send(b"hello")
    await viewer.until_output(b"hello")


async def test_a_forgotten_version_is_listed_anew(setup: Setup) -> None:
    await setup.kubernetes.show("pending-just-created", setup.weaver_id)
    viewer = await setup.viewer()
    await viewer.until(reason="Scheduling")
    await setup.kubernetes.show("scheduled-container-creating", setup.weaver_id)
    await viewer.until(status="pending", reason="ContainerCreating")
    await setup.kubernetes.forget()
    await setup.running()
    await setup.kubernetes.stream()
    await viewer.until(status="running")
    assert setup.kubernetes.lists >= 2


async def test_a_server_that_ends_watches_at_once_is_not_asked_without_a_pause(setup: Setup) -> None:
    setup.kubernetes.ends_watches = True
    viewer = await setup.viewer()
    await viewer.until(reason="PodNotFound")
    await setup.kubernetes.show("pending-just-created", setup.weaver_id)
    await viewer.until(reason="Scheduling")
    await setup.kubernetes.show("scheduled-container-creating", setup.weaver_id)
    await viewer.until(reason="ContainerCreating")
    await setup.running()
    await viewer.until(status="running")
    times = setup.kubernetes.watched_at
    assert len(times) >= 3  # one did not tell all of it
    assert all(later - earlier > WATCH_AT_LEAST - 0.05 for earlier, later in itertools.pairwise(times))


async def test_what_was_typed_before_the_shell_was_there_reaches_it(setup: Setup) -> None:
    viewer = await setup.viewer()
    await viewer.type(b"make ")
    await viewer.type(b"test\r")
    await viewer.until(reason="PodNotFound")
    await setup.running()
    stream = await setup.kubernetes.stream()
    await stream.has_input(b"make test\r")


async def test_a_session_without_viewers_keeps_its_stream_and_screen(setup: Setup) -> None:
    viewer, stream = await setup.attached()
    await stream.send(b"remember me")
    await viewer.until_output(b"remember me")
    await viewer.websocket.close()
    await stream.send(b" and me")
    again = await setup.viewer()
    await again.until_output(b"remember me and me")
    assert setup.kubernetes.streams.empty()


async def test_programs_get_answers_while_nobody_looks(setup: Setup) -> None:
    viewer, stream = await setup.attached()
    await stream.send(b"\x1b[2;5H")
    await viewer.until_output(b"\x1b[2;5H")
    await viewer.websocket.close()
    observer = await setup.viewer(role="observer")
    await observer.until(viewers=1, role="observer")
    await stream.send(b"\x1b[6n")
    await stream.has_input(b"\x1b[2;5R")


async def test_sigterm_sends_viewers_away_and_ends_well(setup: Setup) -> None:
    attached, _ = await setup.attached()
    waiting = await setup.relay.viewer("other", setup.control_plane.ticket("other"))
    leaving = asyncio.gather(attached.until_closed(), waiting.until_closed())
    started = asyncio.get_running_loop().time()
    assert await setup.relay.stop() == 0
    assert asyncio.get_running_loop().time() - started < 5
    assert list(await leaving) == [1001, 1001]
    for viewer in (attached, waiting):
        assert viewer.messages[-1] == {"type": "exit", "reason": "drain"}


async def test_the_api_hears_that_a_weaver_runs_and_that_it_ended(setup: Setup) -> None:
    _, stream = await setup.attached()
    expected = (setup.weaver_id, f"Bearer {RELAY_TOKEN}")
    assert await asyncio.wait_for(setup.control_plane.refreshed.get(), 20) == expected
    await setup.kubernetes.show("succeeded-exit-0", setup.weaver_id)
    await stream.end()
    assert await asyncio.wait_for(setup.control_plane.refreshed.get(), 20) == expected


async def test_no_pod_ever(setup: Setup) -> None:
    viewer = await setup.viewer()
    await viewer.until_closed()
    assert viewer.messages[-1] == {"type": "exit", "reason": "ended"}


async def test_a_main_process_that_cannot_be_started(setup: Setup) -> None:
    await setup.kubernetes.show("start-error", setup.weaver_id)
    viewer = await setup.viewer()
    await viewer.until_closed()
    await viewer.until(status="failed", reason="StartError")
    assert viewer.messages[-1] == {"type": "exit", "reason": "ended", "code": 128}
    assert "bytes" not in viewer.order


async def test_an_image_name_that_can_never_work(setup: Setup) -> None:
    await setup.kubernetes.show("invalid-image-name", setup.weaver_id)
    viewer = await setup.viewer()
    await viewer.until_closed()
    assert (await viewer.until(status="failed"))["reason"] == "InvalidImageName"
    assert viewer.messages[-1] == {"type": "exit", "reason": "ended"}


async def test_a_session_without_viewers_ends_after_its_linger_time(
    environment: dict[str, str], kubernetes: Kubernetes, control_plane: ControlPlane, weaver_id: str
) -> None:
    async with running_relay({**environment, "LOOM_RELAY_LINGER": "0.1"}) as relay:
        setup = Setup(relay, kubernetes, control_plane, weaver_id)
        viewer, stream = await setup.attached()
        await viewer.websocket.close()
        async with asyncio.timeout(20):
            await stream.over.wait()
        again = await setup.viewer()
        await again.until(status="running")
        await setup.kubernetes.stream()


async def test_a_cluster_that_cannot_be_reached_is_named(
    environment: dict[str, str], kubernetes: Kubernetes, control_plane: ControlPlane, weaver_id: str, tmp_path: Path
) -> None:
    kubernetes.url = "http://127.0.0.1:1"
    unreachable = tmp_path / "unreachable"
    unreachable.write_text(kubernetes.kubeconfig())
    async with running_relay({**environment, "LOOM_KUBECONFIG": str(unreachable)}) as relay:
        viewer = await Setup(relay, kubernetes, control_plane, weaver_id).viewer()
        message = await viewer.until(status="pending", reason="ClusterUnreachable")
        assert "127.0.0.1" in message["message"]
