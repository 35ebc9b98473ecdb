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
        location / {{ return 200 "{page}\\n"; }}
    }}
}}
"""


class Nginx:
    """page may have nginx's variables, such as $remote_addr."""

    def __init__(self, node, directory, port, page):
        path = f"{directory}/{node.name}.conf"
        with open(path, "w") as file:
            file.write(CONF.format(dir=directory, name=node.name, port=port,
                                   page=page))
        self.proc = node.popen(["nginx", "-c", path])
        flow.listening(node, port)

    def close(self):
        self.proc.terminate()
        self.proc.wait(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
