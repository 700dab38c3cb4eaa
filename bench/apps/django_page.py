"""A page as Django makes them: a template with a list, behind the usual middleware."""
import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.shortcuts import render
from django.urls import path

settings.configure(
    SECRET_KEY="for the benchmark alone",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [
                    (
                        "django.template.loaders.locmem.Loader",
                        {
                            "page.html": "<h1>{{ title }}</h1><ul>{% for row in rows %}"
                            "<li>{{ row.0 }}: {{ row.1|upper }}</li>{% endfor %}</ul>"
                        },
                    )
                ]
            },
        }
    ],
)
django.setup()

ROWS = [(number, "row %d" % number) for number in range(20)]


def page(request):
    return render(request, "page.html", {"title": "A list", "rows": ROWS})


urlpatterns = [path("", page)]
app = get_wsgi_application()
