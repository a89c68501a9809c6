"""The Redis and the S3 that telemelya keeps its state in, both in memory: REDIS_PORT S3_PORT."""

import sys
import threading

from fakeredis import TcpFakeServer
from moto.server import ThreadedMotoServer

redis_port, s3_port = (int(port) for port in sys.argv[1:3])
threading.Thread(
    target=TcpFakeServer(("127.0.0.1", redis_port), server_type="redis").serve_forever, daemon=True
).start()
ThreadedMotoServer(ip_address="127.0.0.1", port=s3_port).start()
sys.stdout.write("ready\n")
sys.stdout.flush()
sys.stdin.read()  # until whoever started us goes away
