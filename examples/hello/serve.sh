# The first process of a container gets no default handling of signals: without this trap a stop would wait for its
# whole grace period.
# shellcheck shell=sh
trap 'kill $!; exit 0' TERM INT
/bin/busybox mkdir -p /www
/bin/busybox sed "s/@kernel@/$(/bin/busybox uname -r)/" /index.html >/www/index.html
/bin/busybox httpd -f -v -p 8080 -h /www &
wait
