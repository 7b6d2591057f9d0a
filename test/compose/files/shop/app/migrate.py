"""Brings the database to today's layout, once."""
import os

import psycopg2

with psycopg2.connect(os.environ["DATABASE_URL"]) as connection, connection.cursor() as cursor:
    cursor.execute("INSERT INTO item VALUES ('bread', 3), ('milk', 2) ON CONFLICT DO NOTHING")
    print("items:", cursor.rowcount)
