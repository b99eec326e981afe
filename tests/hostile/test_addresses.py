"""Spellings of addresses by which a page with `network: allow` would reach this machine or its neighbours."""
# ruff: noqa: SIM905, E501 (the addresses)

from __future__ import annotations

import socket
from types import SimpleNamespace

import psutil
import pytest

from pytest_llm.browsers.chromium import proxy

NEAR = """
127.0.0.1 127.255.255.254 0.0.0.0 10.1.2.3 172.16.0.1 172.31.255.255 192.168.0.1 169.254.169.254 100.64.0.1
100.127.255.254 192.0.0.1 192.0.2.1 198.18.0.1 198.51.100.7 203.0.113.9 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255
:: ::1 fe80::1 fe80::1%eth0 febf::1 fec0::1 feff::1 fc00::1 fd00::1 fdff::1 ff02::1 ff0e::1 100::1 2001:db8::1
::127.0.0.1 ::10.0.0.1 ::ffff:127.0.0.1 ::ffff:a9fe:a9fe ::ffff:0:127.0.0.1 ::ffff:0:10.0.0.1
64:ff9b::7f00:1 64:ff9b::10.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b:1::1 64:ff9b:1::8.8.8.8
2002:7f00:1:: 2002:a00:1::1 2002:c0a8:1::1 2002:a9fe:a9fe:: 2001:0:4136:e378:8000:63bf:80ff:fffe
2001:0:4136:e378:8000:63bf:f5ff:fffe 2606:4700::5efe:7f00:1 2606:4700::200:5efe:a00:1 4000::1 1::1
""".split()
FAR = """
8.8.8.8 1.1.1.1 9.9.9.9 172.32.0.1 100.128.0.1 2606:4700::1111 2001:4860:4860::8888 64:ff9b::8.8.8.8
::ffff:8.8.8.8 2002:808:808::1 2a00:1450:4001::200e
""".split()


def test_what_is_near_is_never_public() -> None:
    assert [address for address in NEAR if proxy.public(address)] == []


def test_what_is_far_is_public() -> None:
    assert [address for address in FAR if not proxy.public(address)] == []


def test_this_machine_is_near_whatever_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    card = [SimpleNamespace(family=socket.AF_INET, address="8.8.4.4")]
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: {"eth0": card})
    assert [proxy.public(address) for address in ("8.8.4.4", "8.8.8.8")] == [False, True]
