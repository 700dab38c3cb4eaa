"""The same answer by way of Flask: what most apps look like to a server."""
from flask import Flask

app = Flask(__name__)


@app.get("/")
def hello():
    return "Hello, World!"
