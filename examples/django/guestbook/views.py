from django.forms import modelform_factory
from django.shortcuts import redirect, render

from .models import Entry

EntryForm = modelform_factory(Entry, fields=["name", "text"])


def entries(request):
    """What people wrote, and the form to write more."""
    form = EntryForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        return redirect("entries")
    return render(request, "entries.html", {"form": form, "entries": Entry.objects.all()[:100]}, status=400 if form.errors else 200)
