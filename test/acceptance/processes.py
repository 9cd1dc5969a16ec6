"""What processes cost, and where they run."""

import os


def resident(pid):
    return int(open(f"/proc/{pid}/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def processor_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def keep_on(processors, pid):
    for thread in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(thread), processors)


def step_aside():
    """In an attacker: it leaves the server its processor, and the call most of the other."""
    os.sched_setaffinity(0, [max(os.sched_getaffinity(0))])
    os.nice(15)
