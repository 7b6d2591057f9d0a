"""
A plugin of pytest for suites of the years of Python 2: gives back what Python and its packages have taken away since,
so that the suites stay as they are. What it cannot give back is told in docs/old-clients.md.
"""
import collections
import collections.abc
import distutils.version
import http.client
import importlib
import inspect
import io
import os
import socket
import types
import unittest

import requests

for name in ('Callable', 'Iterable', 'Mapping', 'MutableMapping', 'Sequence'):
    setattr(collections, name, getattr(collections.abc, name))
inspect.getargspec = lambda function: inspect.getfullargspec(function)[:4]
unittest.TestCase.assertItemsEqual = unittest.TestCase.assertCountEqual
# Suites turn warnings into errors, and this one came later.
distutils.version.warnings = types.SimpleNamespace(warn=lambda *_, **__: None)


class _Socket(socket.socket):
    """`socket(_sock=other)`: the same connection once more."""

    def __init__(self, *args, _sock=None, **named):
        super().__init__(*args, **named) if _sock is None else super().__init__(fileno=os.dup(_sock.fileno()))


socket.socket = _Socket


class _Unread(socket.SocketIO):
    """An answer of which nothing is read before it is asked for: clients go on at the socket behind the head."""

    raw = property(lambda self: self)

    def read(self, size=-1):
        if size is None or size < 0:
            return self.readall()
        got = b''
        while len(got) < size:
            more = super().read(size - len(got))
            if not more:
                break
            got += more
        return got

    def read1(self, size=-1):
        return super().read(size if size > 0 else io.DEFAULT_BUFFER_SIZE)

    def peek(self, _size=0):
        return b''


_answer = http.client.HTTPResponse.__init__


def _unread(self, sock, *args, **named):
    _answer(self, sock, *args, **named)
    self.fp.close()
    self.fp = _Unread(sock, 'rb')
    sock._io_refs += 1


http.client.HTTPResponse.__init__ = _unread


_prepare_url = requests.PreparedRequest.prepare_url


def _with_query(self, url, params):
    """Addresses that are not HTTP's had their query added too."""
    if not url.startswith('unix://'):
        return _prepare_url(self, url, params)
    _prepare_url(self, f'http+{url}', params)
    self.url = self.url[len('http+'):]


requests.PreparedRequest.prepare_url = _with_query


class _Version(str):
    """A text is more than any number, as it was."""

    def __ge__(self, other):
        return True if isinstance(other, float) else str.__ge__(self, other)

    def __lt__(self, other):
        return False if isinstance(other, float) else str.__lt__(self, other)


def pytest_configure():
    client = importlib.import_module('docker.client')
    makers = [getattr(client, name).__init__ for name in ('Client',) if hasattr(client, name)]
    for make in makers:
        make.__defaults__ = tuple(_Version(each) if each and isinstance(each, str) and each[:2] == '1.' else each
                                  for each in make.__defaults__ or ())
