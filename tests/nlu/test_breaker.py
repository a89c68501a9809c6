"""The circuit breaker: when a call may be made, and what its end changes."""

import threading

from hypothesis import given
from hypothesis import strategies as st

from nlu.engines.breaker import FAILURES, REST_SECONDS, Breaker


class Seconds:
    """Seconds that pass when told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def opened(seconds: Seconds) -> Breaker:
    breaker = Breaker(seconds)
    for _ in range(FAILURES):
        assert breaker.allows()
        breaker.failed()
    return breaker


def test_it_opens_after_failures_in_a_row_and_not_before():
    breaker = Breaker(Seconds())
    assert [breaker.failed() for _ in range(FAILURES)] == [False] * (FAILURES - 1) + [True]
    assert (breaker.state, breaker.failures, breaker.allows()) == ("open", FAILURES, False)


def test_an_answer_in_between_begins_the_count_again():
    breaker = Breaker(Seconds())
    for _ in range(5):
        for _ in range(FAILURES - 1):
            breaker.failed()
        assert not breaker.succeeded()
    assert (breaker.state, breaker.failures) == ("closed", 0)


def test_after_the_rest_one_call_passes_and_the_others_wait_for_its_end():
    seconds = Seconds()
    breaker = opened(seconds)
    seconds.now += REST_SECONDS - 0.1
    assert (breaker.state, breaker.allows()) == ("open", False)
    seconds.now += 0.1
    assert breaker.state == "half_open"
    assert [breaker.allows() for _ in range(4)] == [True, False, False, False]
    assert breaker.state == "half_open"


def test_the_probe_decides_for_all():
    seconds = Seconds()
    breaker = opened(seconds)
    seconds.now += REST_SECONDS
    assert breaker.allows()
    assert breaker.failed()
    assert (breaker.state, breaker.allows()) == ("open", False)
    seconds.now += REST_SECONDS
    assert breaker.allows()
    assert breaker.succeeded()
    assert (breaker.state, breaker.failures) == ("closed", 0)
    assert breaker.allows()
    assert breaker.allows()


def test_a_probe_that_never_reports_does_not_close_the_door_for_good():
    seconds = Seconds()
    breaker = opened(seconds)
    seconds.now += REST_SECONDS
    assert breaker.allows()
    seconds.now += REST_SECONDS
    assert [breaker.allows(), breaker.allows()] == [True, False]


def test_a_call_from_before_that_fails_late_does_not_prolong_the_rest():
    seconds = Seconds()
    breaker = opened(seconds)
    seconds.now += REST_SECONDS - 1
    assert not breaker.failed()
    seconds.now += 1
    assert breaker.allows()


def test_of_many_threads_one_is_the_probe():
    seconds = Seconds()
    breaker = opened(seconds)
    seconds.now += REST_SECONDS
    start, allowed = threading.Barrier(8), []

    def ask() -> None:
        start.wait()
        allowed.append(breaker.allows())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(allowed) == [False] * 7 + [True]


@given(st.lists(st.tuples(st.floats(0, 40), st.booleans()), max_size=60))
def test_a_dead_server_is_asked_at_most_once_a_rest(calls):
    """Whatever came before: while not closed, calls that are let through lie a rest apart."""
    seconds = Seconds()
    breaker, last = Breaker(seconds), None
    for wait, answers in calls:
        seconds.now += wait
        was_closed = breaker.state == "closed"
        if not breaker.allows():
            assert not was_closed
            continue
        if not was_closed:
            assert last is not None
            assert seconds.now - last >= REST_SECONDS
        last = seconds.now
        breaker.succeeded() if answers else breaker.failed()
        assert (breaker.state == "closed") == (answers or (was_closed and breaker.failures < FAILURES))
