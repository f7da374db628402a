"""Settings whose value is looked up when it is used, not when the settings module is imported."""

from os import PathLike


class LiveString(str):
    """
    A string that follows the site's file.

    It is a real ``str``, because Django's ``lazystr`` is refused by ``urllib.parse.urljoin`` and by
    ``isinstance`` checks (Wagtail's admin base URL goes through both). Its methods ask anew each time; what
    works on the raw buffer (``"".join``, a C extension) sees the value at the time of the import.
    """

    def __new__(cls, look_up, until_known):
        self = super().__new__(cls, until_known)
        self._look_up = look_up
        return self

    def __str__(self):
        return self._look_up()

    def __repr__(self):
        return repr(self._look_up())

    def __bool__(self):
        return bool(self._look_up())

    def __hash__(self):
        return hash(self._look_up())

    def __radd__(self, other):
        return other + self._look_up()

    def __reduce__(self):
        return (str, (self._look_up(),))

    def __deepcopy__(self, memo):
        return self


def _following(name):
    def method(self, *arguments, **options):
        arguments = [str(one) if isinstance(one, LiveString) else one for one in arguments]
        return getattr(self._look_up(), name)(*arguments, **options)

    method.__name__ = name
    return method


for _name in dir(str):
    if callable(getattr(str, _name)) and _name not in {*LiveString.__dict__, *dir(object), "__getnewargs__"}:
        setattr(LiveString, _name, _following(_name))
# These are in object as well, and str's own versions would compare or format the raw buffer.
for _name in ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__format__"):
    setattr(LiveString, _name, _following(_name))


class LivePath(PathLike):
    """A path that follows the site's file; what takes a ``pathlib.Path`` takes it."""

    def __init__(self, look_up):
        self._look_up = look_up

    def __fspath__(self):
        return self._look_up()

    def __str__(self):
        return self._look_up()

    def __repr__(self):
        return f"LivePath({self._look_up()!r})"

    def __eq__(self, other):
        return str(self) == str(other)

    def __hash__(self):
        return hash(self._look_up())

    def __truediv__(self, other):
        from pathlib import Path

        return Path(self._look_up()) / other


class LiveList(list):
    """A list that follows the site's file. Django insists on a real list for ALLOWED_HOSTS."""

    def __init__(self, look_up):
        super().__init__()
        self._look_up = look_up

    def __deepcopy__(self, memo):
        return self

    def __reduce__(self):
        return (list, (self._look_up(),))


class LiveDict(dict):
    """A dictionary that follows the site's file; keys that are set on it win over the file's."""

    def __init__(self, look_up):
        super().__init__()
        self._look_up = look_up
        self._own = {}

    def _now(self):
        return {**self._look_up(), **self._own}

    def __setitem__(self, key, value):
        self._own[key] = value

    def setdefault(self, key, default=None):
        now = self._now()
        if key not in now:
            self._own[key] = default
            return default
        return now[key]

    def update(self, *arguments, **options):
        self._own.update(*arguments, **options)

    def pop(self, *arguments):
        return self._own.pop(*arguments)

    def __deepcopy__(self, memo):
        return self

    def __reduce__(self):
        return (dict, (self._now(),))


def _from_now(name):
    def method(self, *arguments):
        return getattr(self._now(), name)(*arguments)

    method.__name__ = name
    return method


def _from_list(name):
    def method(self, *arguments):
        return getattr(list(self._look_up()), name)(*arguments)

    method.__name__ = name
    return method


for _name in ("__getitem__", "__contains__", "__iter__", "__len__", "__eq__", "__ne__", "__repr__", "__or__",
              "get", "keys", "values", "items", "copy"):
    setattr(LiveDict, _name, _from_now(_name))
for _name in ("__getitem__", "__contains__", "__iter__", "__len__", "__eq__", "__ne__", "__repr__", "__add__",
              "__reversed__", "index", "count", "copy"):
    setattr(LiveList, _name, _from_list(_name))
LiveDict.__hash__ = None
LiveList.__hash__ = None
