#!/usr/bin/env python3
"""Connections that others are measured beside: many that wait, or many that are slow.

usage: hold.py PORT COUNT [idle|slow] [--tls]
idle: each makes one request and is kept. slow: each sends a byte of an endless request's head a second; one that the server ends is counted and opened again.
Says "ready" once all are open; ends with its standard input, and says how many the server ended.
"""
import select
import socket
import ssl
import sys
import time

HEAD = b"GET /helloworld/kept HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
IP_BIND_ADDRESS_NO_PORT = 24  # of linux/in.h
SLOW = b"GET /helloworld/slow HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: " + b"a" * 4096


def main():
    port, count, kind = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    context = None
    if "--tls" in sys.argv:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    def connect():
        plain = socket.socket()
        plain.settimeout(10)
        # From an address of their own: the kernel would look for a port for each connection of the load among those that these have taken, for up to 2 ms.
        plain.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        plain.bind(("127.0.0.2", 0))
        plain.connect(("127.0.0.1", port))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return context.wrap_socket(plain) if context else plain

    if kind == "idle":
        kept = []
        for _ in range(count):
            one = connect()
            one.sendall(HEAD)
            answer = b""
            while b"}" not in answer:
                part = one.recv(4096)
                if not part:
                    sys.exit(f"connection {len(kept)} was ended before its answer")
                answer += part
            kept.append(one)
        print("ready", flush=True)
        sys.stdin.read()
        for one in kept:
            one.settimeout(0)
        ended = 0
        for one in kept:
            try:
                ended += one.recv(1) == b""
            except (BlockingIOError, ssl.SSLWantReadError):
                pass
            except OSError:
                ended += 1
        print(f"ended {ended}", flush=True)
        return
    slow(connect, count)


def slow(connect, count):
    # Turns of a millisecond, a few bytes each, as clients that know nothing of each other: a hundred at once would be a burst of this program's own on the load's core.
    turns, ended, told = 1000, 0, False
    watch, clients, by_number = select.epoll(), [], {}

    def opened(place):
        one = connect()
        one.setblocking(False)
        watch.register(one, select.EPOLLIN | select.EPOLLRDHUP)
        entry = [one, 0]
        by_number[one.fileno()] = place
        if place == len(clients):
            clients.append(entry)
        else:
            clients[place] = entry

    def again(place):
        one = clients[place][0]
        watch.unregister(one)
        del by_number[one.fileno()]
        one.close()
        opened(place)

    def send(place):
        one, sent = clients[place]
        try:
            one.send(SLOW[sent:sent + 1])
            clients[place][1] = min(sent + 1, len(SLOW) - 1)
            return True
        except OSError:
            return False

    turn, at = 0, time.monotonic()
    while True:
        for _ in range(-(-count // turns)):
            if len(clients) < count:
                opened(len(clients))
        for place in range(turn % turns, len(clients), turns):
            if not send(place):
                ended += 1
                again(place)
        if len(clients) == count and not told:
            told = True
            print("ready", flush=True)
        at += 1 / turns
        while True:
            left = at - time.monotonic()
            for number, _ in watch.poll(max(left, 0)):
                ended += 1
                again(by_number[number])
            if left <= 0:
                break
        turn += 1
        if turn % 100 == 0 and select.select([sys.stdin], [], [], 0)[0]:
            break
    print(f"ended {ended}", flush=True)


main()
