"""What processes cost, and where they run."""

import contextlib
import os


def resident(pid):
    return int(open(f"/proc/{pid}/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def processor_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def scheduled_seconds(pid):
    """As processor_seconds, to the nanosecond, as the load tool counts."""
    return sum(int(open(f"/proc/{pid}/task/{thread}/schedstat").read().split()[0])
               for thread in os.listdir(f"/proc/{pid}/task")) / 1e9


@contextlib.contextmanager
def running_on(processors):
    """Whatever this thread does or starts meanwhile runs there."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, processors)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def keep_on(processors, pid):
    for thread in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(thread), processors)


def move_to_last_processor():
    os.sched_setaffinity(0, [max(os.sched_getaffinity(0))])


def step_aside():
    """In an attacker: it leaves the server its processor, and the call most of the other."""
    move_to_last_processor()
    os.nice(15)


def give_way():
    """On the last processor, this thread and what it starts run only while nobody else wants to.
    Niceness is not enough: it lets them finish their time slice, milliseconds, before who wakes up
    has his turn."""
    move_to_last_processor()
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
