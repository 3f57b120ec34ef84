"""fastapi-users, with a database that is a function of the subject, so that no look-up is counted.

https://fastapi-users.github.io/fastapi-users/latest/configuration/authentication/strategies/jwt/
It verifies for itself and keeps the claims to itself: a scope of the token cannot be asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from fastapi_users import BaseUserManager, FastAPIUsers
from fastapi_users.authentication import AuthenticationBackend, BearerTransport, JWTStrategy
from fastapi_users.db import BaseUserDatabase
from starlette.responses import JSONResponse
from starlette.types import ASGIApp

from benchmarks.contenders import fastapi
from benchmarks.contenders.fastapi import app_with
from benchmarks.contenders.guard import Guard
from benchmarks.tokens import AUDIENCE, header_name, public_key


@dataclass(frozen=True, slots=True)
class Member:
    """A user as fastapi-users wants it."""

    id: str
    email: str = "suman@example.com"
    hashed_password: str = ""
    is_active: bool = True
    is_superuser: bool = False
    is_verified: bool = True


class Members(BaseUserDatabase[Any, str]):
    """Everybody is a member."""

    async def get(self, id: str) -> Member:  # noqa: A002  # its name for it
        return Member(id)


class MemberManager(BaseUserManager[Any, str]):
    """Subjects are ids as they are."""

    def parse_id(self, value: Any) -> str:
        return str(value)


def with_fastapi_users(algorithm: str) -> ASGIApp:
    manager = MemberManager(Members())
    strategy: JWTStrategy[Any, str] = JWTStrategy(
        secret="",
        lifetime_seconds=None,
        token_audience=[AUDIENCE],
        algorithm=header_name(algorithm),
        public_key=public_key(algorithm),  # loaded already; a PEM would be read anew for every token
    )

    async def get_manager() -> MemberManager:
        return manager

    async def get_strategy() -> JWTStrategy[Any, str]:
        return strategy

    backend = AuthenticationBackend("jwt", BearerTransport("login"), get_strategy)
    current_user = FastAPIUsers[Any, str](get_manager, [backend]).current_user(active=True)

    async def endpoint(member: Annotated[Member, Depends(current_user)]) -> JSONResponse:
        return JSONResponse({"subject": member.id})

    return app_with(endpoint)


GUARDS: Sequence[Guard] = (
    Guard(
        "FastAPI + fastapi-users",
        fastapi.BARE,
        with_fastapi_users,
        left_out={
            "no exp": "cannot be required",
            "another issuer": "knows no issuer",
            "missing scope": "the route gets the user, never the claims",
        },
    ),
)
