import asyncio

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path

settings.configure(DEBUG=False, ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="only for a test", MIDDLEWARE=["django.middleware.common.CommonMiddleware"])


async def hello(request):
    await asyncio.sleep(0)
    return HttpResponse("hello from Django")


def sync(request):
    return HttpResponse("sync %s" % request.GET.get("q", ""))


async def stream(request):
    async def produce():
        for number in range(3):
            yield b"%d\n" % number
            await asyncio.sleep(0)

    return StreamingHttpResponse(produce())


def post(request):
    return JsonResponse({"fields": request.POST.dict(), "size": len(request.body), "host": request.get_host(), "path": request.path})


urlpatterns = [path("", hello), path("sync", sync), path("stream", stream), path("post", post)]
application = get_asgi_application()
