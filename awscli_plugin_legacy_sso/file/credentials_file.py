"""The credentials file on disk: lock, read, edit, replace. The only room that touches it.

Killed at any instant, the file is the old one or the new one, whole. What stands in it is of no
concern here: text is read, a function makes new text of it, and that is written.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ..errors import CredentialsFileError
from ..lock import LockTimeoutError, exclusive, lock
from .document import Document, EditError, UnreadableTextError

_LOCK_SECONDS = 10
_SETTLE_SECONDS = 0.2
_TRIES = 5
_BOM = b"\xef\xbb\xbf"
# Said of extended attributes, and of a folder's fsync, where the file system has none.
_NOT_SUPPORTED = {errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}

Edit = Callable[[Document], None]


@dataclass
class Update:
    """What an update did. ``warnings`` are for a person to read."""

    path: str
    changed: bool = False
    warnings: list[str] = field(default_factory=list)

    def warn(self, warning: str) -> None:
        """Add a warning, once: an update that starts over finds the same again."""
        if warning not in self.warnings:
            self.warnings.append(warning)


def expand(path: str) -> str:
    """Return a path as botocore's reader expands it: ``$VAR`` first, then ``~``."""
    return os.path.expanduser(os.path.expandvars(path))


def read(path: str) -> Document:
    """Read a credentials file; a file that is not there reads as empty.

    Raises:
        CredentialsFileError: it cannot be read, or botocore would refuse it.
    """
    with _errors_named(path):
        target = os.path.realpath(path)
        if os.path.exists(_journal(target)):
            with _locked(path, target, Update(path)):
                pass  # an in-place write was cut short: undo it first, or wait for its end
        return _parse(path, _look(target).content)


def read_all(paths: Iterable[str]) -> tuple[dict[str, Document], list[CredentialsFileError]]:
    """Read credentials files; return the texts of those that can be read, and why others cannot."""
    texts: dict[str, Document] = {}
    errors: list[CredentialsFileError] = []
    for path in paths:
        try:
            texts[path] = read(path)
        except CredentialsFileError as error:
            errors.append(error)
    return texts, errors


def is_readable_by_others(path: str) -> bool:
    """Tell whether the group or other people may read the file."""
    try:
        return bool(os.stat(path).st_mode & (stat.S_IRGRP | stat.S_IROTH))
    except OSError:
        return False


def update(path: str, edit: Edit) -> Update:
    """Edit a credentials file, or make it.

    ``edit`` is given the text as it stands under the lock, and is called again should another
    program, which knows no lock, have written in the meantime. If it changes nothing, nothing
    is written.

    Raises:
        CredentialsFileError: nothing was written, and why.
    """

    def edited(old: bytes | None) -> bytes:
        text = _parse(path, old)
        edit(text)
        return _render(path, text)

    return rewrite(path, edited)


def rewrite(path: str, new_content: Callable[[bytes | None], bytes]) -> Update:
    """Do what :func:`update` does with any file: ``new_content`` makes new content of the old.

    Raises:
        CredentialsFileError: nothing was written, and why.
    """
    done = Update(path)
    with _errors_named(path):
        # Symlinks are followed to the file itself, which is what gets replaced: links stay links.
        target = os.path.realpath(path)
        _make_folder(os.path.dirname(target))
        with _locked(path, target, done):
            for _ in range(_TRIES):
                old = _look_settled(target)
                new = new_content(old.content)
                if new == (old.content or b""):
                    return done
                if _replace(target, old, new, done):
                    done.changed = True
                    return done
    raise CredentialsFileError(f"{path} keeps being changed by another program; run this again")


def lock_path(path: str) -> str:
    """Return the lock file of a file, which stays beside it: only an uninstall may remove it."""
    folder, name = os.path.split(os.path.realpath(path))
    return os.path.join(folder, f".{name}.legacy-sso.lock")


def watch_lock_path(path: str) -> str:
    """Return the file by which one process at a time watches a file; it stays, as the lock does."""
    folder, name = os.path.split(os.path.realpath(path))
    return os.path.join(folder, f".{name}.legacy-sso.watch")


@contextlib.contextmanager
def watched(path: str) -> Iterator[None]:
    """Be the one process that watches a file. It ends with the process, however that ends.

    Raises:
        CredentialsFileError: another one does; its process is named.
    """
    with _errors_named(path):
        _make_folder(os.path.dirname(os.path.realpath(path)))
        descriptor = os.open(watch_lock_path(path), os.O_RDWR | os.O_CREAT, 0o600)
    with open(descriptor, "r+") as file:
        try:
            lock(file.fileno(), 0)
        except LockTimeoutError:
            process = file.read().strip()
            raise CredentialsFileError(
                f"process {process} is watching {path} already; end it with: kill {process}"
            ) from None
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


@contextlib.contextmanager
def _errors_named(path: str) -> Iterator[None]:
    """Turn what the operating system says into one line that names the file."""
    try:
        yield
    except OSError as error:
        raise CredentialsFileError(f"{path}: {_reason(error)}") from None


def _reason(error: OSError) -> str:
    at = f" ({error.filename})" if error.filename else ""
    return f"{os.strerror(error.errno) if error.errno else error}{at}"


class _Seen(NamedTuple):
    """A file as it was when looked at. Two are equal if nobody has written in between."""

    content: bytes | None = None
    # The file itself and the time of its last change: another program may have emptied it again.
    stamp: tuple[int, int] | None = None


def _look(target: str) -> _Seen:
    try:
        # Not to hang on a FIFO before its kind is known.
        descriptor = os.open(target, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        return _Seen()
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
            raise CredentialsFileError(f"{target} is {kind}; name a file with --credentials-file")
        with open(descriptor, "rb", closefd=False) as file:
            return _Seen(file.read(), (status.st_ino, status.st_ctime_ns))
    finally:
        os.close(descriptor)


def _look_settled(target: str) -> _Seen:
    """Look at the file; if it is found empty, again, until it stays so.

    Other programs empty it before they write: what they are about to write must not be replaced.
    """
    seen = _look(target)
    for _ in range(_TRIES):
        if seen.content != b"":
            break
        time.sleep(_SETTLE_SECONDS)
        before, seen = seen, _look(target)
        if seen == before:
            break
    return seen


def _make_folder(folder: str) -> None:
    """Make a folder and those above it, each for its owner alone."""
    if not os.path.isdir(folder):
        _make_folder(os.path.dirname(folder))
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder, 0o700)


def _parse(path: str, content: bytes | None) -> Document:
    content = content or b""
    if content.startswith(_BOM):
        raise CredentialsFileError(
            f"{path}, line 1: the file starts with a byte order mark, which no AWS tool can read; "
            "save it as plain UTF-8"
        )
    try:
        return Document(content.decode())
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CredentialsFileError(
            f"{path}, line {line}: not valid UTF-8, which AWS tools cannot read; save it as UTF-8"
        ) from None
    except UnreadableTextError as error:
        raise CredentialsFileError(f"{path}, {error}") from None


def _render(path: str, text: Document) -> bytes:
    try:
        return text.render().encode()
    except EditError as error:
        raise CredentialsFileError(f"{path} was left as it is: {error}") from None


@contextlib.contextmanager
def _locked(path: str, target: str, done: Update) -> Iterator[None]:
    try:
        with exclusive(lock_path(target), _LOCK_SECONDS) as has_lock:
            if has_lock:
                _clear_leftovers(target)
            else:
                done.warn(
                    f"{path} is on a file system without locks: do not run two refreshes at once"
                )
            _recover(target)
            yield
    except LockTimeoutError:
        raise CredentialsFileError(
            f"another refresh has been holding {path} for {_LOCK_SECONDS} s; run this again"
        ) from None


def _temporary_prefix(target: str) -> str:
    return f".{os.path.basename(target)}.legacy-sso-"


def _clear_leftovers(target: str) -> None:
    """Remove what a killed process left; nobody else is writing, since we hold the lock."""
    folder, prefix = os.path.dirname(target), _temporary_prefix(target)
    for name in os.listdir(folder):
        if name.startswith(prefix) and name.endswith(".tmp"):
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(folder, name))


def _replace(target: str, old: _Seen, new: bytes, done: Update) -> bool:
    """Put new content in the file's place, unless it is no longer ``old``; tell whether it was."""
    status = _check_ours(target) if old.content is not None else None
    if status and status.st_nlink > 1:
        return _rewrite_in_place(target, old, new)
    descriptor, temporary = tempfile.mkstemp(
        prefix=_temporary_prefix(target), suffix=".tmp", dir=os.path.dirname(target)
    )
    try:
        with open(descriptor, "wb") as file:
            # Before there is anything in it to read.
            if status:
                _copy_permissions(target, status, descriptor, done)
            file.write(new)
            file.flush()
            os.fsync(descriptor)
        if holder := _who_has_it_mounted(target):
            done.warn(
                f"{target} is mounted by itself where process {holder} runs, which goes on seeing "
                "the old one: mount the folder, not the file"
            )
        # As late as can be: other programs write this file without asking for a lock.
        if _look(target) != old:
            return False
        try:
            os.replace(temporary, target)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            # The file itself is a mount, as in a container that was given this one file.
            return _rewrite_in_place(target, old, new)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
    try:
        _sync_folder(os.path.dirname(target))
    except OSError as error:
        # It is in its place, whole; nobody knows whether it would be after a power cut.
        done.warn(f"{target} is written, but maybe not for good: {_reason(error)}")
    return True


def _rewrite_in_place(target: str, old: _Seen, new: bytes) -> bool:
    """Write where replacing is impossible, the one exception to all-or-nothing.

    Until it is done a journal beside the file holds both contents, for :func:`_recover` to put the
    old one back should we be killed. If writing fails it is put back at once.
    """
    content = old.content or b""
    with open(target, "r+b", buffering=0) as file:
        lock(file.fileno(), _LOCK_SECONDS)  # the other side of a mount has another folder
        if _look(target) != old:
            return False
        try:
            _write_journal(target, content, new)
            _overwrite(file.fileno(), _padded(new, content), len(new))
        except BaseException:
            _overwrite(file.fileno(), content, len(content))
            _drop_journal(target)
            raise
        _drop_journal(target)
    return True


def _write_journal(target: str, old: bytes, new: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with open(os.open(_journal(target), flags, 0o600), "wb") as journal:
        journal.write(b"%d\n" % len(old) + old + new)
        journal.flush()
        os.fsync(journal.fileno())
    _sync_folder(os.path.dirname(target))


def _padded(new: bytes, old: bytes) -> bytes:
    """Return new content that covers all of the old: before it is cut, nothing of that shows."""
    return new.ljust(len(old), b"\n")


def _overwrite(descriptor: int, content: bytes, size: int) -> None:
    written = 0
    while written < len(content):
        written += os.pwrite(descriptor, content[written:], written)
    os.ftruncate(descriptor, size)
    os.fsync(descriptor)


def _journal(target: str) -> str:
    return os.path.join(os.path.dirname(target), f"{_temporary_prefix(target)}journal")


def _drop_journal(target: str) -> None:
    with contextlib.suppress(OSError):  # nothing depends on it any more, and the next run tries too
        os.unlink(_journal(target))


def _recover(target: str) -> None:
    """Undo an in-place write that was cut short, unless somebody has written since."""
    journal = _journal(target)
    content = _look(journal).content
    if content is None:
        return
    size, _, contents = content.partition(b"\n")
    now = _look(target).content
    if size.isdigit() and now is not None:
        old, new = contents[: int(size)], contents[int(size) :]
        whole = _padded(new, old)
        done = os.path.commonprefix([now, whole])  # noqa: RUF071 - of bytes, not of paths
        if now != new and now[len(done) :] == old[len(done) :]:
            kept = new if now == whole else old
            with open(target, "r+b", buffering=0) as file:
                lock(file.fileno(), _LOCK_SECONDS)
                _overwrite(file.fileno(), kept, len(kept))
    os.unlink(journal)


def _who_has_it_mounted(target: str) -> str | None:
    """Return a process that this very file, not its folder, is mounted for, if it can be seen.

    Such a mount keeps the old file when a new one takes its place. Looks at what Linux shows of
    our own processes: rootless containers, or all of them for root.
    """
    seen = {_mount_namespace("self")}
    for process in filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc") else ()):
        namespace = _mount_namespace(process)
        if namespace not in seen:
            seen.add(namespace)
            with contextlib.suppress(OSError), open(f"/proc/{process}/mountinfo") as mounts:
                # The fourth field is the mount's root as a path in its own file system.
                roots = (mount.split(" ", 4)[3] for mount in mounts)
                if any(root != "/" and target.endswith(root) for root in roots):
                    return process
    return None


def _mount_namespace(process: str) -> int | None:
    try:
        return os.stat(f"/proc/{process}/ns/mnt").st_ino
    except OSError:
        return None


def _check_ours(target: str) -> os.stat_result:
    status = os.stat(target)
    if status.st_uid != os.geteuid():
        raise CredentialsFileError(
            f"{target} belongs to another user; only its owner may change it"
        )
    if not status.st_mode & stat.S_IWUSR:
        raise CredentialsFileError(f"{target} is read-only; allow it with: chmod u+w {target}")
    return status


def _copy_permissions(source: str, status: os.stat_result, descriptor: int, done: Update) -> None:
    """Give the new file the old one's group, ACL, attributes and mode; never a wider access.

    It starts with mode 0600. If its group or ACL cannot be kept, that is what it stays at.
    """
    lost = []
    if os.fstat(descriptor).st_gid != status.st_gid:
        try:
            os.fchown(descriptor, -1, status.st_gid)
        except OSError:
            lost.append("group")
    lost += _copy_attributes(source, descriptor)
    if not lost:
        try:
            os.fchmod(descriptor, stat.S_IMODE(status.st_mode))
        except OSError:
            lost.append("mode")
    if lost:
        done.warn(f"the {' and '.join(lost)} of {source} could not be kept; its mode is now 0600")


def _copy_attributes(source: str, descriptor: int) -> list[str]:
    """Copy extended attributes, the ACL among them; return the names of those that were refused."""
    if not hasattr(os, "listxattr"):  # macOS: Python has no way to them there
        return []
    wanted, there = _attributes(source), _attributes(descriptor)
    lost = []
    for name in wanted | there:
        try:
            if name not in wanted:  # an ACL inherited from the folder would let others in
                os.removexattr(descriptor, name)
            elif wanted[name] != there.get(name):
                os.setxattr(descriptor, name, wanted[name])
        except OSError:
            lost.append("ACL" if name.startswith("system.posix_acl") else f"attribute {name}")
    return lost


def _attributes(file: str | int) -> dict[str, bytes]:
    try:
        return {name: os.getxattr(file, name) for name in os.listxattr(file)}
    except OSError as error:
        if error.errno in _NOT_SUPPORTED:
            return {}
        raise


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NOT_SUPPORTED:
            raise
    finally:
        os.close(descriptor)
