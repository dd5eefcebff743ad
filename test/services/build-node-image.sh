#!/bin/sh
# Builds a Node image without pulling anything: from this checkout's node, this machine's npm and C library, and a static busybox.
# For building the image of examples/shop where no image registry can be reached. Linux only.
#
#   test/services/build-node-image.sh [name:tag]        default cairn-test-node:26
set -eu

tag=${1:-cairn-test-node:26}
repository=$(cd "$(dirname "$0")/../.." && pwd)
node=$(cd "$repository" && npx -y pnpm@12 exec node -p process.execPath)
npm=$(npm root --global)/npm

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
image=$context/image
mkdir -p "$image/bin" "$image/etc/ssl/certs" "$image/usr/bin" "$image/usr/local/bin" "$image/usr/local/lib/node_modules" "$image/root" "$image/tmp"
chmod 1777 "$image/tmp"

cp -L "$node" "$image/usr/local/bin/node"
cp -RL "$npm" "$image/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$image/usr/local/bin/npm"

# ldd names each library with its path, the loader by its path alone. Native packages may need more of the C library than node does.
{
  ldd "$node" | sed -n -e 's/.*=> \(\/[^ ]*\) .*/\1/p' -e 's/^[[:space:]]*\(\/[^ :]*\) (0x.*/\1/p'
  libc=$(ldd "$node" | sed -n 's/.*libc\.so[^ ]* => \(\/[^ ]*\) .*/\1/p')
  for name in librt.so.1 libresolv.so.2 libnss_dns.so.2 libnss_files.so.2; do ls "$(dirname "$libc")/$name" 2>/dev/null || true; done
} | sort -u | while read -r library; do
  mkdir -p "$image$(dirname "$library")"
  cp -L "$library" "$image$library"
done

# A shell for RUN and for the scripts of packages.
if command -v busybox >/dev/null && ! ldd "$(command -v busybox)" >/dev/null 2>&1; then
  cp "$(command -v busybox)" "$image/bin/busybox"
else
  (cd "$context" && apt-get download -q busybox-static >/dev/null && dpkg-deb -x busybox-static_*.deb busybox)
  cp "$(find "$context/busybox" -path '*bin/busybox' -type f | head -n 1)" "$image/bin/busybox"
fi
for name in sh cat ls mkdir rm; do ln -s busybox "$image/bin/$name"; done
ln -s /bin/busybox "$image/usr/bin/env"

cp -L /etc/ssl/certs/ca-certificates.crt "$image/etc/ssl/certs/ca-certificates.crt"
printf 'root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/tmp:/bin/sh\n' >"$image/etc/passwd"
printf 'root:x:0:\nnode:x:1000:\n' >"$image/etc/group"
echo 'hosts: files dns' >"$image/etc/nsswitch.conf"

cat >"$context/Dockerfile" <<'DOCKERFILE'
FROM scratch
COPY image/ /
ENV PATH=/usr/local/bin:/usr/bin:/bin NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
CMD ["node"]
DOCKERFILE

docker build --quiet --tag "$tag" "$context"
echo "Built $tag"
