"""A TCP proxy between two processes that breaks what goes through it, as a seed says."""
import asyncio
import contextlib
import random
import socket
import threading

CHUNK = 16_384


class Proxy:
    """Listens on a free port and passes everything on to `target`; the faults are called from any thread."""

    def __init__(self, target, seed):
        self.target = target
        self.dice = random.Random(seed)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.loop = asyncio.new_event_loop()
        self.pairs = set()
        self.flows = None
        self.delay_s = 0.0
        self.refuses = False
        # Bytes after which each new connection breaks; None: it does not.
        self.cut_after = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.flows = asyncio.Event()
        self.flows.set()
        self.loop.run_until_complete(asyncio.start_server(self._serve, sock=self.listener))
        self.loop.run_forever()

    async def _serve(self, reader, writer):
        if self.refuses:
            writer.transport.abort()
            return
        try:
            upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        pair = (writer, upstream_writer)
        self.pairs.add(pair)
        left = [self.cut_after]
        try:
            await asyncio.gather(self._pass(reader, upstream_writer, pair, left),
                                 self._pass(upstream_reader, writer, pair, left))
        finally:
            self.pairs.discard(pair)

    async def _pass(self, reader, writer, pair, left):
        with contextlib.suppress(OSError, asyncio.CancelledError):
            while True:
                chunk = await reader.read(CHUNK)
                if not chunk:
                    break
                await self.flows.wait()
                if self.delay_s:
                    await asyncio.sleep(self.dice.uniform(0, self.delay_s))
                if left[0] is not None:
                    chunk = chunk[:left[0]]
                    left[0] -= len(chunk)
                writer.write(chunk)
                await writer.drain()
                if left[0] == 0:
                    break
        # The end of the one half is the end of both: with a reset where it was cut.
        for each in pair:
            if left[0] == 0:
                each.transport.abort()
            else:
                each.close()

    def _do(self, action):
        done = threading.Event()

        def run():
            action()
            done.set()

        self.loop.call_soon_threadsafe(run)
        done.wait()

    def cut(self):
        """Every connection there is ends with a reset."""
        self._do(lambda: [each.transport.abort() for pair in list(self.pairs) for each in pair])

    def hold(self):
        """Nothing goes through, and nobody is told."""
        self._do(self.flows.clear)

    def go_on(self):
        def clear():
            self.flows.set()
            self.delay_s, self.refuses, self.cut_after = 0.0, False, None

        self._do(clear)

    def close(self):
        self.cut()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.listener.close()
