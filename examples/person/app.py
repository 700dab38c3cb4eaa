"""People: a web page to list, add, edit and delete them, and the same as a REST API."""

import hmac
import os
import secrets

from flask import Flask, abort, flash, jsonify, redirect, render_template, request, session, url_for
from werkzeug.exceptions import HTTPException

from person import FIELDS, Invalid, clean
from store import NotFound, open_store

app = Flask(__name__)
app.config.update(MAX_CONTENT_LENGTH=64 * 1024, SESSION_COOKIE_SAMESITE="Lax")
app.json.sort_keys = False
store = open_store(os.environ.get("DATABASE_URL") or "sqlite:///" + os.path.join(app.root_path, "person.db"))
# All workers must sign sessions alike, so the key lives in the database unless the environment gives one.
app.secret_key = os.environ.get("SECRET_KEY") or store.secret(secrets.token_hex(32))


# --- pages ---


@app.get("/")
def people():
    return render_template("people.html", people=store.all())


@app.route("/add", methods=["GET", "POST"])
def add():
    return edit_form({}, lambda person: store.add(person), "added")


@app.route("/edit/<int:id>", methods=["GET", "POST"])
def edit(id):
    return edit_form(store.get(id), lambda person: store.update(id, person), "saved")


@app.post("/delete/<int:id>")
def delete(id):
    check_token()
    name = store.get(id)["name"]
    store.delete(id)
    flash(f"{name} was deleted")
    return redirect(url_for("people"))


def edit_form(person, save, done):
    """The form, or what it sent: saved, or shown again with what is wrong."""
    errors = {}
    if request.method == "POST":
        check_token()
        person = {**person, **{name: request.form.get(name, "") for name in FIELDS}}
        try:
            save(clean({name: person[name] for name in FIELDS}))
        except Invalid as invalid:
            errors = invalid.errors
        else:
            flash(f"{person['name']} was {done}")
            return redirect(url_for("people"))
    return render_template("edit.html", person=person, fields=FIELDS, errors=errors), 400 if errors else 200


def token():
    """The session's token that each form sends along, so that no other site can send ours (CSRF)."""
    if "token" not in session:
        session["token"] = secrets.token_urlsafe(24)
    return session["token"]


def check_token():
    # A form from another site comes without our session (SameSite), and so without a token that it could be compared with.
    if "token" not in session or not hmac.compare_digest(request.form.get("token", "").encode(), session["token"].encode()):
        abort(400, "The form has expired: go back, reload the page and send it again")


app.jinja_env.globals["token"] = token


@app.after_request
def protect(response):
    """Whatever gets into a page, nothing from elsewhere runs in it, and no other site shows it in a frame."""
    response.headers["Content-Security-Policy"] = "default-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


# --- the REST API ---


@app.get("/api/all/")
def api_all():
    return jsonify(store.all())


@app.get("/api/person/<int:id>")
def api_get(id):
    return jsonify(store.get(id))


@app.post("/api/person")
def api_add():
    person = store.get(store.add(clean(json_body())))
    return jsonify(person), 201, {"Location": url_for("api_get", id=person["id"])}


@app.put("/api/person")
def api_update():
    body = json_body()
    id = body.pop("id", None)
    if not isinstance(id, int) or isinstance(id, bool):
        raise Invalid({"id": "is the number of the person to change"})
    before = store.get(id)
    after = clean({**{name: before[name] for name in FIELDS}, **body})
    store.update(id, {name: after[name] for name in body})
    return jsonify(store.get(id))


@app.delete("/api/person/<int:id>")
def api_delete(id):
    store.delete(id)
    return "", 204


def json_body():
    try:
        body = request.get_json(silent=True)
    except RecursionError:  # a deeper nesting than Python reads
        body = None
    if not isinstance(body, dict):
        raise Invalid({"body": "is a JSON object, sent as application/json"})
    return body


# --- errors ---


@app.errorhandler(Invalid)
def invalid(error):
    return jsonify(error="invalid", fields=error.errors), 400


@app.errorhandler(NotFound)
def not_found(error):
    return http_error(error.response)


@app.errorhandler(HTTPException)
def http_error(error):
    """JSON for the API, a page for people; the headers, such as Allow, stay."""
    response = error.get_response()
    if request.path.startswith("/api/"):
        response.data = app.json.dumps({"error": error.name.lower(), "reason": error.description})
        response.content_type = "application/json"
    else:
        response.data = render_template("error.html", error=error)
    return response
