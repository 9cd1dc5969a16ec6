"""Makes the packages of test/requirements.txt importable: they live in build/venv, which
script/test makes, while the tests run under the system's Python, whose packages they need too."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (ROOT / "build/venv/lib" / f"python{sys.version_info.major}.{sys.version_info.minor}"
            / "site-packages")

if not PACKAGES.is_dir():
    sys.exit(f"{PACKAGES} is not there: script/test and script/acceptance make it, for "
             "/usr/bin/python3.")
# Before the system's: Debian's cryptography is older than aioquic needs.
sys.path.insert(1, str(PACKAGES))
