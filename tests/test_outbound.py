# SPDX-License-Identifier: Apache-2.0
"""AS-05: the one guarded door to other people's servers."""

from __future__ import annotations

import gzip
import ipaddress
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lti_mentoring.outbound import Client, Refused, Unreachable
from support.loopback import server


def names(monkeypatch, **known: list[str]) -> list[str]:
    asked: list[str] = []
    real = socket.getaddrinfo

    def look_up(host, port, *args, **kwargs):
        host = host.decode() if isinstance(host, bytes) else host
        if host in known:
            asked.append(host)
            found = known[host]
            return [(socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]
        try:
            ipaddress.ip_address(host)
        except ValueError:
            raise socket.gaierror(socket.EAI_NONAME, "no such name") from None
        return real(host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@pytest.fixture
def local() -> Client:
    return Client(allow_local=True, connect_timeout=1, read_timeout=1)


# --- what is never called ---------------------------------------------------------------------------------------------

PRIVATE = [
    "127.0.0.1", "127.8.9.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.1.1", "169.254.169.254", "100.64.0.1",
    "0.0.0.0", "0.1.2.3", "224.0.0.1", "255.255.255.255", "240.0.0.1", "198.18.0.1", "192.0.2.1", "192.0.0.192", "168.63.129.16",
    "100.100.100.200", "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:0:4136:e378::1",
    "::7f00:1", "2001:db8::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_AS_05_a_private_address_is_refused_as_literal_and_behind_a_name(monkeypatch, address):
    names(monkeypatch, **{"lms.example": [address]})
    client = Client()
    literal = f"[{address}]" if ":" in address else address
    with pytest.raises(Refused) as refused:
        client.check(f"https://{literal}/jwks")
    assert refused.value.code == "address"
    with pytest.raises(Refused) as refused:
        client.request("GET", "https://lms.example/jwks?token=abc")
    assert refused.value.code == "address"
    assert "abc" not in str(refused.value)


def test_AS_05_one_private_address_spoils_the_name(monkeypatch):
    names(monkeypatch, **{"lms.example": ["93.184.215.14", "10.0.0.1"]})
    with pytest.raises(Refused, match="address"):
        Client().request("GET", "https://lms.example/")


@pytest.mark.parametrize("odd", ["2130706433", "0x7f.1", "017700000001", "127.1", "localhost", "localhost."])
def test_AS_05_other_spellings_of_loopback_are_refused_after_resolving(odd):
    with pytest.raises((Refused, Unreachable)) as stopped:
        Client().request("GET", f"https://{odd}/")
    assert stopped.value.code in ("address", "name")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://lms.example/", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("ftp://lms.example/", "scheme"),
        ("lms.example/x", "scheme"),
        ("https:///x", "host"),
        ("https://[fe80::1%25eth0]/", "host"),
        ("https://user:pw@lms.example/", "userinfo"),
        ("https://lms.example:22/", "port"),
        ("https://lms.example:99999/", "url"),
        ("https://lms.example\\@evil.example/", "url"),
        ("https://lms.example/a b", "url"),
        ("https://lms.example/\r\nHost: x", "url"),
        ("https://[::1", "url"),
    ],
)
def test_AS_05_addresses_of_a_wrong_shape_are_refused(url, code):
    with pytest.raises(Refused) as refused:
        Client().check(url)
    assert refused.value.code == code


def test_AS_05_public_addresses_pass_the_rules():
    client = Client(ports=[443, 8443])
    for url in ("https://lms.example/", "https://lms.example:8443/", "https://93.184.215.14/", "https://[2606:4700::1111]/"):
        client.check(url)


def test_AS_05_private_hosts_are_named_by_host_or_network_still_over_https():
    client = Client(private_hosts=["LMS.campus.example", "10.1.0.0/16", "fd12::/16"], ports=[443])
    rules = client._rules
    assert rules.allows("lms.campus.example", ipaddress.ip_address("192.168.0.5"))
    assert rules.allows("lms.campus.example.", ipaddress.ip_address("::ffff:192.168.0.5"))
    assert rules.allows("any.example", ipaddress.ip_address("10.1.2.3"))
    assert rules.allows("any.example", ipaddress.ip_address("fd12::5"))
    assert not rules.allows("any.example", ipaddress.ip_address("10.2.2.3"))
    assert not rules.allows("lms.campus.example", ipaddress.ip_address("169.254.169.254"))
    with pytest.raises(Refused, match="scheme"):
        client.check("http://lms.campus.example/")


def test_AS_05_metadata_stays_refused_even_where_local_platforms_are_allowed(local):
    for address in ("169.254.169.254", "[fd00:ec2::254]", "[fe80::1]", "0.0.0.0"):
        with pytest.raises(Refused, match="address"):
            local.check(f"http://{address}/")


def test_AS_05_only_hosts_tied_to_the_registration_get_a_token(local):
    with server(lambda h: h.send()) as lms:
        assert local.request("GET", lms.url, hosts={"127.0.0.1"}).status == 200
        with pytest.raises(Refused, match="host_not_tied"):
            local.request("GET", lms.url, hosts={"lms.example"})
    assert len(lms.seen) == 1


# --- how it travels ---------------------------------------------------------------------------------------------------


def test_an_answer_comes_back_whole(local):
    with server(lambda h: h.send(201, b'{"a": 1}', X_Mixed_Case="Yes", Content_Type="text/html")) as lms:
        answer = local.request("POST", lms.url + "/p?q=1", data=b"body", headers={"Accept": "x/y"})
    assert (answer.status, answer.json(), answer.headers["x-mixed-case"], answer.text()) == (201, {"a": 1}, "Yes", '{"a": 1}')
    command, path, headers, body = lms.seen[0]
    assert (command, path, headers["Accept"], body) == ("POST", "/p?q=1", "x/y", b"body")
    assert headers["User-Agent"] == "lti-mentoring"


def test_AS_05_no_redirect_is_followed_by_request_or_session(local):
    with server(lambda h: h.send(302, b"", Location="/elsewhere")) as lms:
        assert local.request("GET", lms.url).status == 302
        assert local.session.get(lms.url, allow_redirects=True).status_code == 302
    assert [path for _, path, _, _ in lms.seen] == ["/", "/"]


def test_no_cookie_is_kept_between_requests(local):
    with server(lambda h: h.send(Set_Cookie="a=b; Path=/")) as lms:
        local.request("GET", lms.url)
        local.session.get(lms.url)
        local.request("GET", lms.url)
    assert not any("Cookie" in headers for _, _, headers, _ in lms.seen)


def test_AS_05_nothing_is_taken_from_the_environment(monkeypatch, local):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with server(lambda h: h.send()) as lms:
        assert local.request("GET", lms.url).status == 200
        assert local.session.get(lms.url).status_code == 200


def test_the_session_obeys_the_same_rules():
    with pytest.raises(Refused, match="scheme"):
        Client().session.get("http://127.0.0.1/")
    with pytest.raises(Refused, match="address"):
        Client().session.get("https://127.0.0.1/", verify=False)


def test_connections_are_kept(local):
    ports = set()

    def play(handler):
        ports.add(handler.client_address[1])
        handler.send()

    with server(play) as lms:
        for _ in range(5):
            local.request("GET", lms.url)
    assert len(ports) == 1


def test_the_forbidding_check_runs_before_each_request(local):
    class Inside(RuntimeError):
        pass

    def forbid():
        raise Inside

    client = Client(allow_local=True, forbid=forbid)
    with server(lambda h: h.send()) as lms:
        with pytest.raises(Inside):
            client.request("GET", lms.url)
        with pytest.raises(Inside):
            client.session.get(lms.url)
    assert lms.seen == []


def test_the_operators_proxy_is_used_and_private_addresses_are_refused_before_it(monkeypatch):
    names(monkeypatch, **{"inside.example": ["10.0.0.1"]})
    with server(lambda h: h.send(body=b"via")) as proxy:
        client = Client(allow_local=True, proxy=proxy.url)
        assert client.request("GET", "http://far.example/x").body == b"via"
        with pytest.raises(Refused, match="address"):
            Client(proxy=proxy.url).request("GET", "https://inside.example/")
    assert [path for _, path, _, _ in proxy.seen] == ["http://far.example/x"]


# --- bounds -----------------------------------------------------------------------------------------------------------


def test_AS_05_an_answer_over_the_cap_is_refused_said_or_unsaid(local):
    def chunked(handler):
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
        handler.wfile.write(b"0\r\n\r\n")

    for play in (lambda h: h.send(body=b"x" * 5000), chunked):
        with server(play) as lms, pytest.raises(Refused, match="too_large"):
            local.request("GET", lms.url, max_bytes=4999)


def test_AS_05_a_packed_answer_is_unpacked_within_the_cap(local):
    bomb = gzip.compress(b"0" * 20_000_000)
    with server(lambda h: h.send(body=gzip.compress(b'{"a": 1}'), Content_Encoding="gzip")) as lms:
        assert local.request("GET", lms.url).json() == {"a": 1}
        assert local.session.get(lms.url).json() == {"a": 1}
    with server(lambda h: h.send(body=bomb, Content_Encoding="gzip")) as lms, pytest.raises(Refused, match="too_large"):
        local.request("GET", lms.url)
    with server(lambda h: h.send(body=b"x", Content_Encoding="br")) as lms, pytest.raises(Refused, match="encoding"):
        local.request("GET", lms.url)
    with server(lambda h: h.send(body=b"x", Content_Encoding="gzip")) as lms, pytest.raises(Unreachable, match="broken"):
        local.request("GET", lms.url)


def drip_body(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    drip(handler)


def drip(handler):
    try:
        for _ in range(100):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.02)
    except OSError:
        pass
    handler.close_connection = True


def drip_headers(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    drip(handler)


def drip_until_close(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    drip(handler)


@pytest.mark.parametrize("play", [drip_body, drip_headers, drip_until_close])
def test_AS_05_a_slow_drip_ends_at_the_deadline(local, play):
    with server(play) as lms:
        began = time.monotonic()
        with pytest.raises(Unreachable) as cut:
            local.request("GET", lms.url, seconds=0.2)
        assert cut.value.code == "deadline"
        assert time.monotonic() - began < 1.5


def test_AS_05_silence_is_a_timeout(local):
    done = threading.Event()
    with server(lambda h: done.wait(5)) as lms:
        with pytest.raises(Unreachable) as cut:
            Client(allow_local=True, read_timeout=0.1).request("GET", lms.url)
        done.set()
    assert cut.value.code == "timeout"


def test_a_closed_door_a_missing_name_and_a_broken_answer_are_told_apart(monkeypatch, local):
    names(monkeypatch)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{free.getsockname()[1]}/"
    for url, code in ((closed, "connect"), ("http://nowhere.example/", "name")):
        with pytest.raises(Unreachable) as failed:
            local.request("GET", url)
        assert failed.value.code == code

    def rubbish(handler):
        handler.wfile.write(b"rubbish\r\n\r\n")
        handler.close_connection = True

    with server(rubbish) as lms, pytest.raises(Unreachable, match="broken"):
        local.request("GET", lms.url)


def test_a_name_server_that_hangs_does_not_hang_us(monkeypatch):
    done = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: [done.wait(5)][1:])
    with pytest.raises(Unreachable, match="name"):
        Client(connect_timeout=0.1).request("GET", "https://lms.example/")
    done.set()


# --- TLS --------------------------------------------------------------------------------------------------------------


def certificate(tmp_path, host: str) -> tuple[ssl.SSLContext, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "certificate.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = tmp_path / "key.pem"
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, secret)
    return context, str(pem)


def test_AS_05_the_vetted_address_is_called_with_the_hosts_name_and_certificate(monkeypatch, tmp_path):
    context, authority = certificate(tmp_path, "lms.example")
    asked_for = []
    context.sni_callback = lambda sock, name, ctx: asked_for.append(name)
    asked = names(monkeypatch, **{"lms.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]})
    with server(lambda h: h.send(), tls=context) as lms:
        port = lms.server_address[1]
        client = Client(private_hosts=["lms.example", "other.example"], ports=[port], ca_bundle=authority)
        assert client.request("GET", f"https://lms.example:{port}/").status == 200
        assert asked == ["lms.example"], "resolved once: what was vetted is what is called"
        with pytest.raises(Unreachable, match="tls"):
            client.request("GET", f"https://other.example:{port}/")
        with pytest.raises(Unreachable, match="tls"):
            Client(private_hosts=["lms.example"], ports=[port]).request("GET", f"https://lms.example:{port}/")
    assert asked_for[:2] == ["lms.example", "other.example"]
    assert [headers["Host"] for _, _, headers, _ in lms.seen] == [f"lms.example:{port}"]


def test_AS_05_a_slow_drip_over_tls_ends_at_the_deadline(monkeypatch, tmp_path):
    context, authority = certificate(tmp_path, "lms.example")
    names(monkeypatch, **{"lms.example": ["127.0.0.1"]})
    with server(drip_body, tls=context) as lms:
        port = lms.server_address[1]
        client = Client(private_hosts=["lms.example"], ports=[port], ca_bundle=authority)
        with pytest.raises(Unreachable, match="deadline"):
            client.request("GET", f"https://lms.example:{port}/", seconds=0.3)
