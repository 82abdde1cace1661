"""The HTTP side: every request is recorded, may be hit by a fault, checked, counted and answered."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate

from aiohttp import web

from devkit.discord.bell import Bell
from devkit.discord.errors import DroppedError, RefusedError
from devkit.discord.faults import Faults
from devkit.discord.intake import MOST_BYTES, read_call
from devkit.discord.posts import Posts
from devkit.discord.ratelimits import RateLimits
from devkit.discord.routes import Route, RouteTable
from devkit.discord.shapes import Answer, Call, Request
from devkit.discord.websocket import Connection

API = "/api/v10"
_PREFIXES = (API, "/api")


@dataclass(frozen=True, slots=True)
class HttpApi:
    """Builds the aiohttp application."""

    routes: RouteTable
    posts: Posts
    token: Callable[[], str]
    limits: RateLimits
    faults: Faults
    bell: Bell
    requests: list[Request]
    unknown_routes: list[str]
    connection: Callable[[], Connection | None]
    """Makes a gateway connection; None while the gateway is closed."""
    now: Callable[[], float]
    """The time that every answer is dated with."""

    def application(self) -> web.Application:
        """Return the application: the API, attachments, the gateway, and 404 for everything else."""
        app = web.Application(client_max_size=MOST_BYTES)
        app.router.add_get("/attachments/{channel}/{attachment}/{name}", self._download)
        app.router.add_get("/gateway", self._upgrade)
        app.router.add_get("/gateway/", self._upgrade)
        app.router.add_route("*", "/{rest:.*}", self._any)
        return app

    async def _any(self, request: web.Request) -> web.StreamResponse:
        path = request.rel_url.path_safe
        for prefix in _PREFIXES:
            if path.startswith(prefix) and (found := self.routes.find(request.method, path.removeprefix(prefix))):
                return await self._serve(*found, request)
        return self._unknown(request)

    async def _serve(self, route: Route, values: dict[str, str], request: web.Request) -> web.StreamResponse:
        seen = Request(request.method, _path(request), None, connection=_port(request))
        self.requests.append(seen)
        self.bell.ring()
        headers = {"Date": formatdate(self.now(), usegmt=True)}
        try:
            call = await read_call(request, seen.path, values)
            seen.json, seen.files = call.body, [upload.filename for upload in call.uploads.values()]
            answer = await self._work(route, call, request.headers.get("Authorization"), headers)
        except DroppedError:
            return _cut(request)
        except RefusedError as refused:
            seen.status = refused.status
            return _response(Answer(refused.body, refused.status), headers | refused.headers)
        finally:
            self.bell.ring()
        seen.status = answer.status
        return _response(answer, headers)

    async def _work(self, route: Route, call: Call, authorization: str | None, headers: dict[str, str]) -> Answer:
        await self.faults.delay(call)
        fault = self.faults.take(call)
        if fault is not None and not fault.after_work:
            fault.strike()
        if not route.public and authorization != f"Bot {self.token()}":
            raise RefusedError(401, 0, "401: Unauthorized")
        headers.update(self.limits.count(f"{route.method} {route.path}", call))
        answer = self.faults.without_omitted(call, await route.handler(call))
        if fault is not None:
            fault.strike()
        return answer

    async def _download(self, request: web.Request) -> web.StreamResponse:
        call = await read_call(request, _path(request), dict(request.match_info))
        await self.faults.delay(call)
        if (fault := self.faults.take(call)) is not None:
            return web.Response(status=fault.status) if fault.status else _cut(request)
        upload = self.posts.uploads.get(int(request.match_info["attachment"]))
        if upload is None:
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=upload.data, headers={"Content-Type": upload.content_type})

    async def _upgrade(self, request: web.Request) -> web.StreamResponse:
        connection = self.connection()
        if connection is None:
            return web.Response(status=503)
        return await connection.run(request)

    def _unknown(self, request: web.Request) -> web.StreamResponse:
        path = _path(request)
        self.requests.append(Request(request.method, path, 404))
        self.unknown_routes.append(f"{request.method} {path}")
        return _response(Answer({"message": "404: Not Found", "code": 0}, 404), {})


def _path(request: web.Request) -> str:
    path = request.rel_url.raw_path
    return next((path.removeprefix(prefix) for prefix in _PREFIXES if path.startswith(f"{prefix}/")), path)


def _port(request: web.Request) -> int:
    peer = request.transport.get_extra_info("peername") if request.transport else None
    return int(peer[1]) if peer else 0


def _response(answer: Answer, headers: Mapping[str, str]) -> web.Response:
    if answer.body is None:
        return web.Response(status=answer.status, headers=headers)
    text = json.dumps(answer.body)
    return web.Response(text=text, status=answer.status, headers=headers, content_type="application/json")


def _cut(request: web.Request) -> web.Response:
    """Drop the connection: the answer goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
