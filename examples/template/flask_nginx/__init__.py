"""A Flask app to start from: put yours here. It is served as flask_nginx:app."""

from flask import Flask, jsonify, render_template, request

app = Flask(__name__)


@app.get("/")
def index():
    return render_template("index.html")


@app.get("/hello/<name>")
def hello(name):
    return jsonify(hello=name, root=request.script_root)
