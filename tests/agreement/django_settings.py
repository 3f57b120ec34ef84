"""Django has one settings object a process; here each application brings the URL patterns of its own."""

from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

_handlers: list[ASGIApp] = []


class Patterns:
    """What Django calls a URLconf."""

    def __init__(self, urlpatterns: list[Any]) -> None:
        self.urlpatterns = urlpatterns


class WithPatterns:
    """Django with these URL patterns."""

    def __init__(self, django: ASGIApp, patterns: Patterns) -> None:
        self.django = django
        self.patterns = patterns

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.django({**scope, "patterns": self.patterns}, receive, send)


def choose_patterns(get_response: Any) -> Any:
    """A middleware of Django's: each request says which patterns it is for."""

    async def answer(request: Any) -> Any:
        request.urlconf = request.scope["patterns"]
        return await get_response(request)

    return answer


choose_patterns.async_capable = True  # type: ignore[attr-defined]
choose_patterns.sync_capable = False  # type: ignore[attr-defined]


def django_with(urlpatterns: list[Any]) -> ASGIApp:
    from django.urls import clear_url_caches

    django = _django()
    clear_url_caches()
    return WithPatterns(django, Patterns(urlpatterns))


def _django() -> ASGIApp:
    import django
    from django.conf import settings
    from django.core.asgi import get_asgi_application

    if not _handlers:
        settings.configure(
            ALLOWED_HOSTS=["*"],
            ROOT_URLCONF=Patterns([]),
            MIDDLEWARE=[
                "tests.agreement.django_settings.choose_patterns",
                "django.middleware.common.CommonMiddleware",
            ],
        )
        django.setup()
        _handlers.append(get_asgi_application().handle)  # without a thread of its own for each request
    return _handlers[0]
