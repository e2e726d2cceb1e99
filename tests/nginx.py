"""nginx as a proxy in front of a service."""
import subprocess

import conftest


def in_front_of(port, start, folder, location, listen=""):
    """Starts nginx; what it is asked goes by `location` to the upstream `bia`, which is `port`. Gives nginx's port."""
    front = conftest.free_port()
    (folder / "nginx.conf").write_text(f"""
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ }}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream bia {{ server 127.0.0.1:{port}; keepalive 4; }}
  server {{ listen 127.0.0.1:{front} {listen}; location / {{ {location} }} }}
}}
""")
    start(["nginx", "-p", folder, "-c", folder / "nginx.conf"], port=front, stderr=subprocess.DEVNULL)
    return front
