"""``serve`` where it does not start."""

import socket
import subprocess
import sys

import pytest
from texturekit_cli.main import run


@pytest.fixture
def folder(model, tmp_path):
    return str(model.save(tmp_path / "model"))


def test_a_port_in_use_is_said_with_what_to_do(folder, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code = run(["serve", folder, "--port", str(port)])

    shown = capsys.readouterr()
    assert code == 4
    assert shown.out == ""
    assert f"port {port}: another program listens there; choose another with --port" in shown.err


def test_without_the_extra_it_says_how_to_install_it(folder, capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "gradio", None)
    code = run(["serve", folder, "--port", "0"])

    assert code == 3
    assert 'pip install "texturekit[app]"' in capsys.readouterr().err


def test_a_folder_that_is_no_model_is_refused(tmp_path, capsys):
    assert run(["serve", str(tmp_path), "--port", "0"]) == 4
    assert "model.json" in capsys.readouterr().err


def test_another_address_is_warned_of(folder, capsys, monkeypatch):
    from texturekit.app import server

    monkeypatch.setattr(server, "run", lambda app, sock, ready: (ready(), sock.close()))
    code = run(["serve", folder, "--port", "0", "--host", "0.0.0.0"])

    shown = capsys.readouterr()
    assert code == 0
    assert shown.out.startswith("http://127.0.0.1:")
    assert "Warning: it listens at 0.0.0.0: every machine" in shown.err


def test_here_it_is_not(folder, capsys, monkeypatch):
    from texturekit.app import server

    monkeypatch.setattr(server, "run", lambda app, sock, ready: (ready(), sock.close()))

    assert run(["serve", folder, "--port", "0"]) == 0
    assert "Warning" not in capsys.readouterr().err


def test_connections_on_which_no_request_begins_are_closed():
    program = """
import sys
from texturekit.app import server
async def app(scope, receive, send):
    return
server._HEAD = 0.2
sock = server.listen("127.0.0.1", 0)
server.run(app, sock, lambda: print(sock.getsockname()[1], flush=True))
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        try:
            port = int(process.stdout.readline())
            with socket.create_connection(("127.0.0.1", port), timeout=10) as idle:
                idle.sendall(b"GET / HT")
                assert idle.recv(10) == b""
        finally:
            process.kill()
