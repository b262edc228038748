"""python-socketio against the server at PORT, over the comma-separated TRANSPORTS."""

import asyncio
import os
import unittest

import socketio
from engineio.payload import Payload

# A server sends all that waits in one payload, and this client refuses more than 16 packets unless told otherwise.
Payload.max_decode_packets = 1000

URL = f"http://127.0.0.1:{os.environ['PORT']}"
TRANSPORTS = os.environ["TRANSPORTS"].split(",")
# Far above what a loaded machine needs.
PATIENCE = 20



# Not the client with threads: that one starts a thread for each message, and so does not keep their order.
class Client(unittest.IsolatedAsyncioTestCase):
    async def connect(self, namespaces=("/",), auth=None):
        """A connected client, and a queue of (namespace, event, arguments) for all that it hears."""
        client = socketio.AsyncClient(reconnection=False)
        heard = asyncio.Queue()

        def listen(namespace):
            async def note(event, *args):
                heard.put_nowait((namespace, event, args))

            async def leave(reason):
                heard.put_nowait((namespace, "disconnect", (reason,)))

            client.on("*", note, namespace=namespace)
            client.on("disconnect", leave, namespace=namespace)

        for namespace in namespaces:
            listen(namespace)
        await client.connect(
            URL, transports=TRANSPORTS, namespaces=list(namespaces), auth=auth, wait_timeout=PATIENCE
        )
        self.addAsyncCleanup(client.disconnect)
        for _ in namespaces:
            namespace, event, args = await self.next(heard)
            self.assertIn(namespace, namespaces)
            self.assertEqual((event, args), ("auth", (auth or {},)))
        return client, heard

    async def next(self, heard):
        return await asyncio.wait_for(heard.get(), PATIENCE)

    async def test_connects_with_auth(self):
        client, _ = await self.connect(auth={"token": "123"})
        self.assertTrue(client.connected)
        self.assertEqual(client.transport(), TRANSPORTS[-1])

    async def test_is_rejected_with_data(self):
        client = socketio.AsyncClient(reconnection=False)
        self.addAsyncCleanup(client.disconnect)
        rejections = asyncio.Queue()
        client.on("connect_error", rejections.put, namespace="/secret")
        with self.assertRaises(socketio.exceptions.ConnectionError):
            await client.connect(URL, transports=TRANSPORTS, namespaces=["/secret"], auth={"token": "wrong"})
        self.assertEqual(await self.next(rejections), {"message": "not allowed", "data": {"wanted": "token"}})

    async def test_events_come_back(self):
        client, heard = await self.connect()
        for args in [("text",), ("é 日本語 🦀",), (1, None, [True, {"a": 1.5}]), ()]:
            await client.emit("message", args)
            self.assertEqual(await self.next(heard), ("/", "message-back", args))

    async def test_binary_comes_back(self):
        client, heard = await self.connect()
        args = (b"\x00\x01\xff", {"deep": [b"more"]}, b"")
        await client.emit("message", args)
        self.assertEqual(await self.next(heard), ("/", "message-back", args))

    async def test_large_messages_come_back(self):
        client, _ = await self.connect()
        for message in ["x" * 200_000, b"x" * 200_000]:
            self.assertEqual(await client.call("message-with-ack", message, timeout=PATIENCE), message)

    async def test_the_server_acknowledges(self):
        client, _ = await self.connect()
        args = (1, "2", b"3")
        self.assertEqual(await client.call("message-with-ack", args, timeout=PATIENCE), args)

    async def test_the_client_acknowledges(self):
        client, _ = await self.connect()

        async def answer(question):
            return {"asked": question}

        client.on("question", answer)
        self.assertEqual(await client.call("ask-me", "why?", timeout=PATIENCE), {"asked": "why?"})

    async def test_many_events_keep_their_order(self):
        client, heard = await self.connect()
        for number in range(200):
            await client.emit("message", (number, b"binary") if number % 3 == 0 else number)
        self.assertEqual([(await self.next(heard))[2][0] for _ in range(200)], list(range(200)))

    async def test_two_namespaces_share_a_connection(self):
        client, heard = await self.connect(namespaces=("/", "/custom"))
        self.assertNotEqual(client.get_sid("/"), client.get_sid("/custom"))
        await client.emit("message", "to custom", namespace="/custom")
        self.assertEqual(await self.next(heard), ("/custom", "message-back", ("to custom",)))
        await client.emit("message", "to main")
        self.assertEqual(await self.next(heard), ("/", "message-back", ("to main",)))

    async def test_the_server_sends_it_out(self):
        client, heard = await self.connect()
        await client.emit("leave-namespace")
        self.assertEqual(await self.next(heard), ("/", "disconnect", ("server disconnect",)))

    async def test_it_leaves(self):
        client, heard = await self.connect()
        await client.disconnect()
        self.assertEqual(await self.next(heard), ("/", "disconnect", ("client disconnect",)))


if __name__ == "__main__":
    unittest.main()
