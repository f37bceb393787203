"""The real servers by name."""

from apache import DAViCal, Sabre
from cyrus import Cyrus
from pypi import Radicale, Xandikos
from sogo import SOGo

SERVERS = {server.name: server for server in (Radicale, Xandikos, Cyrus, Sabre, DAViCal, SOGo)}
