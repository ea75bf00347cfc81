"""Debian's Blender in a folder of its own, for machines whose own packages have none or one that is too old.

The environment variable ``ARTALK_BLENDER_ROOT`` names the folder, and is the permission to make it: about 1.3 GB and
two minutes, once. That needs root, ``debootstrap`` and ``unshare``. Nothing of it is left mounted afterwards.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

ROOT_VARIABLE = "ARTALK_BLENDER_ROOT"
SUITE = "sid"  # Debian's only one with a Blender 5
LIMIT_S = 600.0
# What Blender needs and its package does not ask for: its extensions' modules, a screen, and OpenGL without a GPU.
PACKAGES = "blender python3-numpy python3-requests python3-zstandard python3-cattr xvfb libgl1-mesa-dri libegl1 libgl1"
_MOUNT = """
set -e
root=$1; shift
mount --make-rprivate / 2>/dev/null || true
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
while [ "$1" != -- ]; do mkdir -p "$root$1"; mount --bind "$1" "$root$1"; shift; done
shift
exec chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "$@"
"""


class ChrootError(Exception):
    """There is no such folder and it cannot be made; the message says why, in words that go on a sentence."""


def debian_blender() -> Path:
    """Return the folder with Debian's Blender, made if it is not there.

    Raises:
        ChrootError: if that is not wanted, or not possible.
    """
    named = os.environ.get(ROOT_VARIABLE)
    if not named:
        raise ChrootError(f"{ROOT_VARIABLE} names no folder for Debian's")
    root = Path(named).absolute()
    if os.name != "posix" or os.geteuid() != 0 or not shutil.which("unshare"):
        raise ChrootError("only root can run Debian's in a folder of its own")
    if not (root / "usr/bin/blender").exists():
        _make(root)
    return root


def inside(
    root: Path, command: Sequence[str], shown: Iterable[Path] = (), variables: Mapping[str, str] | None = None
) -> list[str]:
    """Return a command that runs another one with a folder as its whole machine.

    Its processes and mounts end with it.

    Args:
        root: the folder.
        command: what to run there.
        shown: folders of this machine that it shall see, by the same paths.
        variables: its environment.
    """
    values = [f"{name}={value}" for name, value in (variables or {}).items()]
    namespace = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", _MOUNT, "sh"]
    return [*namespace, str(root), *map(str, sorted(shown)), "--", *values, *command]


def _make(root: Path) -> None:
    if not shutil.which("debootstrap"):
        raise ChrootError("debootstrap, which would make Debian's, is not installed")
    if root.exists() and any(root.iterdir()):
        raise ChrootError(f"{root}, where Debian's would be made, is not empty")
    unfinished = root.with_name(f".{root.name}-unfinished")
    _discard(unfinished)
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    try:
        _call(["debootstrap", "--variant=minbase", "--include=ca-certificates", SUITE, str(unfinished), _mirror()])
        _use_network(unfinished)
        install = f"apt-get -q update && apt-get -q -y --no-install-recommends install {PACKAGES} && apt-get clean"
        _call(inside(unfinished, ["sh", "-c", install], variables={"DEBIAN_FRONTEND": "noninteractive"}))
    except (OSError, subprocess.SubprocessError) as exc:
        _discard(unfinished)
        raise ChrootError(f"Debian's could not be made ({_last_line(exc)})") from exc
    if root.exists():
        root.rmdir()
    unfinished.rename(root)


def _call(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=LIMIT_S)


def _last_line(error: Exception) -> str:
    said = str(getattr(error, "stdout", "") or "").strip() or str(error)
    return said.splitlines()[-1][:200]


def _use_network(root: Path) -> None:
    """Let the folder's own package manager reach what this machine reaches."""
    for name in ("resolv.conf", "hosts"):
        if Path("/etc", name).exists():
            shutil.copyfile(Path("/etc", name), root / "etc" / name)
    trusted = Path("/etc/ssl/certs/ca-certificates.crt")
    if trusted.exists():
        shutil.copyfile(trusted, root / trusted.relative_to("/"))
    options = ("Check-Valid-Until", "Check-Date")  # the clock of a test machine may be wrong
    lines = [f'Acquire::{option} "false";\n' for option in options]
    (root / "etc/apt/apt.conf.d/90tests").write_text("".join(lines), "ascii")
    daemons = root / "usr/sbin/policy-rc.d"
    daemons.write_text("#!/bin/sh\nexit 101\n", "ascii")  # packages may not start services
    daemons.chmod(0o755)


def _mirror() -> str:
    """Return the address that this machine's own packages come from, where that is Debian."""
    for path in sorted(Path("/etc/apt").rglob("*.sources")) + sorted(Path("/etc/apt").rglob("*.list")):
        for address in re.findall(r"^(?:URIs:|deb(?: \[.*\])?)\s*(\S+)", path.read_text("utf-8", "replace"), re.M):
            if address.rstrip("/").endswith("/debian"):
                return str(address)
    return "https://deb.debian.org/debian"


def _discard(folder: Path) -> None:
    if folder.exists():
        # One file system only: should anything still be mounted in there, it is not touched.
        subprocess.run(["rm", "-rf", "--one-file-system", "--", str(folder)], check=False)
