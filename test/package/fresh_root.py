"""A Debian of the machine's release, just bootstrapped into a folder: what an owner of a new server has."""

import ctypes
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

CLONE_NEWNS, CLONE_NEWNET = 0x0002_0000, 0x4000_0000
SUITES = {"bookworm": "bookworm-backports", "trixie": None}
# What changes with every package that comes or goes, or is gone after the next boot.
BOOKS = ("var/lib/apt", "var/lib/dpkg", "var/cache", "var/log", "proc", "run", "tmp", "root")


def leave(namespace, what):
    """This process and its children see a world of their own from now on."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(namespace) != 0:
        raise OSError(ctypes.get_errno(), f"cannot have {what} of our own")


def leave_mounts():
    """What is mounted from now on is seen by nobody else, and goes with this process."""
    leave(CLONE_NEWNS, "mounts")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)


def leave_network():
    """From now on there is nothing but a loopback with all its ports free."""
    leave(CLONE_NEWNET, "a network")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def release():
    lines = Path("/etc/os-release").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)["VERSION_CODENAME"]


def archive():
    """Where this machine has Debian itself from; apt is asked, not its files."""
    said = subprocess.run(["apt-get", "indextargets", "--format", "$(ORIGIN)|$(CODENAME)|$(REPO_URI)",
                           "Created-By: Packages"], capture_output=True, text=True, check=True)
    start = f"Debian|{release()}|"
    return next(line for line in said.stdout.splitlines()
                if line.startswith(start)).removeprefix(start)


class FreshRoot:
    def __init__(self):
        self.path = Path(tempfile.mkdtemp(prefix="parley-root-", dir="/var/tmp"))
        os.chmod(self.path, 0o755)

    def bootstrap(self):
        """A minimal system with its release's backports."""
        self._log(["debootstrap", "--variant=minbase", release(), str(self.path), archive()])
        subprocess.run(["mount", "-t", "proc", "proc", str(self.path / "proc")], check=True)
        suites = [release(), *filter(None, [SUITES[release()]])]
        (self.path / "etc/apt/sources.list").write_text(
            "".join(f"deb {archive()} {suite} main\n" for suite in suites))
        shutil.copy("/etc/resolv.conf", self.path / "etc/resolv.conf")
        self.apt("update")

    def apt(self, *words):
        self._log(self.command("apt-get", "--quiet=2", "--yes", "--no-install-recommends",
                               "-o", "Dpkg::Use-Pty=0", *words))

    def command(self, *words, user=None):
        return ["chroot", *([f"--userspec={user}:{user}"] if user else []), str(self.path), *words]

    def run(self, *words, user=None, environment=None, **how):
        """A program in the root: (exit code, what it said)."""
        done = subprocess.run(self.command(*words, user=user), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=120, env=self.environment(environment), **how)
        return done.returncode, done.stdout

    @staticmethod
    def environment(more=None):
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
                "DEBIAN_FRONTEND": "noninteractive", **(more or {})}

    def files(self):
        """Every path but those of the books that dpkg and apt keep."""
        return {path for folder, folders, names in os.walk(self.path)
                for path in (os.path.relpath(os.path.join(folder, name), self.path)
                             for name in [*names, *folders])
                if not path.startswith(BOOKS)}

    def _log(self, words):
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, env=self.environment(
                                  {name: value for name, value in os.environ.items()
                                   if name.lower().endswith("_proxy")}))
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(words)}: {done.stdout[-3000:]}")

    def remove(self):
        subprocess.run(["umount", "--lazy", str(self.path / "proc")], check=False,
                       stderr=subprocess.DEVNULL)
        if not os.path.ismount(self.path / "proc"):
            shutil.rmtree(self.path)
