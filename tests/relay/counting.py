"""What is counted: lines that a program writes, and lines that a person types and a program tells."""

import asyncio
import re
import time

from tests.relay.person import Person

COUNT = "i=0; while :; do i=$((i+1)); echo n$i.; sleep 0.005; done"
TELL = "stty -echo; echo ready; while read x; do echo k$x.; done"


def counted(text: bytes, mark: bytes) -> list[int]:
    """The numbers that were shown whole."""
    return [int(number) for number in re.findall(mark + rb"(\d+)\.\r\n", text)]


async def typing(person: Person, first: int, last: int) -> None:
    for number in range(first, last + 1):
        person.type(b"%d\r" % number)
        await asyncio.sleep(0.005)  # a person types


async def sees(person: Person, text: bytes) -> None:
    await asyncio.to_thread(person.until_text, text)


async def counts_on(person: Person, more: int) -> float:
    """Until the screen has so many numbers more than now, all of them once; the seconds that took."""
    began = time.monotonic()
    last = counted(person.text, b"n")[-1]
    await sees(person, b"n%d.\r\n" % (last + more))
    numbers = counted(person.text, b"n")
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    return time.monotonic() - began
