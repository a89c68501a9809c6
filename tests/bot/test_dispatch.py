"""Dispatch: one message after the other within a conversation, many conversations at once, nothing forgotten."""

import threading
from collections import defaultdict, deque

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.dispatch import InMemoryDispatch


class Work:
    """Messages by conversation; fails a test when two threads are in one conversation."""

    def __init__(self) -> None:
        self.waiting: dict[int, deque[int]] = defaultdict(deque)
        self.done: dict[int, list[int]] = defaultdict(list)
        self.inside: set[int] = set()
        self.clashes = 0
        self.lock = threading.Lock()

    def add(self, conversation: int, message: int) -> None:
        with self.lock:
            self.waiting[conversation].append(message)

    def answer_all(self, conversation: int) -> bool:
        with self.lock:
            self.clashes += conversation in self.inside
            self.inside.add(conversation)
        while True:
            with self.lock:
                if not self.waiting[conversation]:
                    self.inside.discard(conversation)
                    return True
                self.done[conversation].append(self.waiting[conversation].popleft())


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 5), max_size=60), st.integers(1, 6))
def test_every_message_is_answered_once_and_in_order(arrivals: list[int], workers: int) -> None:
    work = Work()
    dispatch = InMemoryDispatch(work.answer_all, workers)
    half = len(arrivals) // 2
    for number, conversation in enumerate(arrivals[:half]):
        work.add(conversation, number)
    dispatch.start(arrivals[:half])
    for number, conversation in enumerate(arrivals[half:], half):
        work.add(conversation, number)
        dispatch.submit(conversation)
    assert dispatch.idle(10)
    dispatch.stop()
    expected: dict[int, list[int]] = defaultdict(list)
    for number, conversation in enumerate(arrivals):
        expected[conversation].append(number)
    assert {key: value for key, value in work.done.items() if value} == expected
    assert work.clashes == 0


def test_what_could_not_be_answered_is_tried_again() -> None:
    tries: list[int] = []

    def fails_twice(conversation: int) -> bool:
        tries.append(conversation)
        return len(tries) > 2

    dispatch = InMemoryDispatch(fails_twice, workers=1, pause=0.001)
    dispatch.start([])
    dispatch.submit(7)
    assert dispatch.idle(10)
    dispatch.stop()
    assert tries == [7, 7, 7]


def test_what_takes_long_waits_apart_from_all_others_and_in_order() -> None:
    gate, others, work = threading.Event(), threading.Event(), Work()

    def takes_long(conversation: int) -> bool:
        return any(message < 0 for message in work.waiting[conversation])

    def listen(conversation: int) -> bool:
        if takes_long(conversation):
            gate.wait(10)
        answered = work.answer_all(conversation)
        if work.done[3] and work.done[4]:
            others.set()
        return answered

    dispatch = InMemoryDispatch(listen, workers=1, takes_long=takes_long)
    for conversation, message in ((1, -1), (2, -1), (3, 7), (1, 8), (4, 9)):
        work.add(conversation, message)
    dispatch.start([1, 2, 3])
    for conversation in (1, 4):
        dispatch.submit(conversation)
    assert others.wait(10), "the others are answered while two are listened to"
    assert not work.done[1]
    assert not work.done[2]
    gate.set()
    assert dispatch.idle(10)
    dispatch.stop()
    assert work.done == {1: [-1, 8], 2: [-1], 3: [7], 4: [9]}
    assert work.clashes == 0


def test_a_slow_conversation_does_not_hold_up_the_others() -> None:
    gate, others = threading.Event(), threading.Event()

    def work(conversation: int) -> bool:
        if conversation == 1:
            return gate.wait(10)
        others.set()
        return True

    dispatch = InMemoryDispatch(work, workers=2)
    dispatch.start([])
    dispatch.submit(1)
    dispatch.submit(2)
    assert others.wait(10)
    gate.set()
    assert dispatch.idle(10)
    dispatch.stop()
