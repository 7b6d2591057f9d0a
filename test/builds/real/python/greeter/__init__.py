import sys
from importlib.metadata import version


def main():
    print(f"Hello, {' '.join(sys.argv[1:])}! This is {version('greeter')} in {sys.prefix}.")
