"""Serves Xandikos over plain HTTP on loopback with Basic authentication.

`xandikos --htpasswd` insists on TLS with a certificate it signs itself, and without it takes any
password. This puts Xandikos' own password check in front of its own application, so that the 401
and all else are what a user of Xandikos meets.

    xandikos_with_password.py FOLDER PORT HTPASSWD USER
"""

import sys

from aiohttp import web
from xandikos.htpasswd import HtpasswdFile
from xandikos.web import (
    WELLKNOWN_DAV_PATHS,
    RedirectDavHandler,
    SingleUserFilesystemBackend,
    XandikosApp,
    basic_auth_middleware,
)


def main(folder: str, port: str, htpasswd: str, user: str) -> None:
    backend = SingleUserFilesystemBackend(folder)
    backend._mark_as_principal(f"/{user}/")
    backend.create_principal(f"/{user}/", create_defaults=False)
    xandikos = XandikosApp(backend, current_user_principal=f"/{user}/")

    async def answer(request: web.Request) -> web.StreamResponse:
        return await xandikos.aiohttp_handler(request, "/")

    app = web.Application(middlewares=[basic_auth_middleware(HtpasswdFile(htpasswd))])
    for path in WELLKNOWN_DAV_PATHS:
        app.router.add_route("*", path, RedirectDavHandler("/").__call__)
    app.router.add_route("*", "/{path_info:.*}", answer)
    web.run_app(app, host="127.0.0.1", port=int(port), print=None)


main(*sys.argv[1:])
