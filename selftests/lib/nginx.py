# SPDX-License-Identifier: GPL-2.0-only
"""A real web server in a namespace, with nothing of it outside a directory."""
from . import flow

CONF = """
daemon off; worker_processes 1; pid {dir}/{name}.pid; error_log stderr crit;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {dir}; proxy_temp_path {dir}; fastcgi_temp_path {dir};
    uwsgi_temp_path {dir}; scgi_temp_path {dir};
    server {{
        listen {port}; listen [::]:{port};
        location = /ill {{ return 503; }}
        location / {{ return {answer}; }}
    }}
}}
"""


class Nginx:
    """page may have nginx's variables, such as $remote_addr; if it is a URL,
    the client is sent there. Of /ill nobody gets it."""

    def __init__(self, node, directory, port, page, wait=True):
        self.node, self.port = node, port
        name = f"{node.name}-{port}"
        path = f"{directory}/{name}.conf"
        answer = f"302 {page}" if page.startswith("http://") else \
            f'200 "{page}\\n"'
        with open(path, "w") as file:
            file.write(CONF.format(dir=directory, name=name, port=port,
                                   answer=answer))
        self.proc = node.popen(["nginx", "-c", path])
        if wait:
            self.ready()

    def ready(self):
        """Several that were started without waiting start at once."""
        flow.listening(self.node, self.port)

    def close(self):
        self.proc.terminate()
        self.proc.wait(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
