"""The shop: items from the database, visits counted in the cache."""
import os

import flask
import psycopg2
import redis

app = flask.Flask(__name__)
cache = redis.Redis.from_url(os.environ["REDIS_URL"])


def rows(query, *values):
    with psycopg2.connect(os.environ["DATABASE_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall() if cursor.description else []


@app.get("/health")
def health():
    cache.ping()
    rows("SELECT 1")
    return "well\n"


@app.get("/")
def items():
    visits = cache.incr("visits")
    shown = "".join(f"{name}: {price}\n" for name, price in rows("SELECT name, price FROM item ORDER BY name"))
    return f"{os.environ['GREETING']}! You are visitor {visits}.\n{shown}"


@app.post("/<name>/<int:price>")
def add(name, price):
    rows("INSERT INTO item VALUES (%s, %s)", name, price)
    return f"added by {flask.request.headers.get('X-Shop', 'the back door')}\n", 201
