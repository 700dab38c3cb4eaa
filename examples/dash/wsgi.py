from dashapp import app

app = app.server
