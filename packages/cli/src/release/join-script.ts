/**
 * What a machine pastes one line to get: a script that fetches this program from the center it came from, checks it against the
 * digest written here, installs it beside what was there, and joins. Whoever runs it has
 * verified it already, by the key that the pasted line pins; it holds no secret, and the token is asked for by the join.
 *
 * Everything that is put into the text is checked to hold nothing that a shell would read.
 */
import { requireShellSafe } from '@skerry/pki';
import { type Architecture, architectures, type ReleaseArchive } from './archive.ts';
import { buildName } from './layout.ts';

export interface JoinScriptOptions {
  /** `host:port` of the center as machines reach it. */
  readonly center: string;
  /** `sha256//…`, the key of the center's certificate as curl takes it. */
  readonly pin: string;
  readonly version: string;
  readonly archives: readonly ReleaseArchive[];
}

/** As `uname -m` says it; some say it as we do. */
const machineNames: Readonly<Record<Architecture, string>> = {
  amd64: 'x86_64|amd64',
  arm64: 'aarch64|arm64',
};

/** Of Node 24: https://github.com/nodejs/node/blob/v24.x/BUILDING.md#platform-list */
const glibcNeeded = '2.28';

/** Archives lie below it on the port of the center's API. */
export const releasePath = '/release/';

export function archivePath({ version, architecture }: { version: string; architecture: string }): string {
  return `${releasePath}skerry-${version}-linux-${architecture}.tar.gz`;
}

export function joinScript({ center, pin, version, archives }: JoinScriptOptions): string {
  requireShellSafe(center, pin, version);
  const cases = architectures.map((architecture) => {
    const archive = archives.find((made) => made.architecture === architecture);
    const then = archive
      ? `path=${archivePath({ version, architecture })} digest=${archive.sha256} build=${buildName(version, archive.sha256)}`
      : `fail "the center at ${center} has no release for ${architecture} yet; on it, 'skerry release --arch ${architecture} --node FILE' makes one" 3`;
    return `  ${machineNames[architecture]}) ${then} ;;`;
  });
  return `#!/bin/sh
# Installs skerry ${version} from its center at ${center} on this machine, and joins it to the cluster.
#
#   sh skerry-join.sh [--install-only] [flags of skerry join, such as --pool NAME --node-name NAME]
#
# The join token is asked for, or read from SKERRY_JOIN_TOKEN or the file given with --token-file. PREFIX is /usr/local unless set.
set -eu
prefix=\${PREFIX:-/usr/local}
folder=$prefix/lib/skerry
work=

fail() {
  echo "error: $1" >&2
  exit "\${2:-1}"
}

clean() {
  [ -z "$work" ] || rm -rf "$work"
  work=
}

# The whole script is read before any of it runs: a download that was cut does nothing.
main() {
  [ "$(uname -s)" = Linux ] || fail "this is $(uname -s); a node needs Linux" 3
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "this installs below $prefix and needs root" 3
    exec sudo --preserve-env=PREFIX,SKERRY_JOIN_TOKEN,HTTPS_PROXY,https_proxy,NO_PROXY,no_proxy sh "$0" "$@"
  fi
  for program in curl tar gzip sha256sum mktemp; do
    command -v "$program" >/dev/null || fail "$program is missing; install it and run this again" 3
  done
  case "$(uname -m)" in
${cases.join('\n')}
  *) fail "a node needs amd64 or arm64, and this is $(uname -m)" 3 ;;
  esac
  check_libc
  only=
  if [ "\${1:-}" = --install-only ]; then
    only=yes
    shift
  fi
  trap clean EXIT
  trap 'exit 1' HUP INT TERM
  install
  clean
  [ -z "$only" ] || exit 0
  exec "$prefix/bin/skerry" join "${center}" "$@"
}

# What Node needs of the system, before anything is fetched; what can't be told here, running it tells.
check_libc() {
  [ "$(getconf LONG_BIT 2>/dev/null || echo 64)" = 64 ] ||
    fail "the programs here are of 32 bits, on a kernel of 64; Node needs a system of 64 bits" 3
  libc=$(getconf GNU_LIBC_VERSION 2>/dev/null || ldd --version 2>&1 | head -n 1 || :)
  case "$libc" in
  *musl*) fail "this system has musl for its C library, and Node needs glibc ${glibcNeeded} or newer (Debian 10, Ubuntu 20.04, RHEL 8)" 3 ;;
  "glibc "[0-9]*.[0-9]*)
    release=\${libc#glibc }
    minor=\${release#*.}
    [ "\${release%%.*}" -gt 2 ] || [ "\${minor%%[!0-9]*}" -ge ${glibcNeeded.split('.')[1]} ] ||
      fail "this system has $libc, and Node needs ${glibcNeeded} or newer (Debian 10, Ubuntu 20.04, RHEL 8)" 3
    ;;
  esac
}

install() {
  if [ -x "$folder/$build/node" ]; then
    echo "skerry $build is here already"
  else
    mkdir -p "$folder"
    work=$(mktemp -d "$folder/.new.XXXXXX")
    echo "fetching skerry $build from ${center}"
    curl -fSk --retry 3 --pinnedpubkey '${pin}' --proto '=https' -o "$work/archive" "https://${center}$path" ||
      fail "the program could not be fetched from ${center}"
    echo "$digest  $work/archive" | sha256sum -c - >/dev/null 2>&1 ||
      fail "what came from ${center} is not the release that this script is for; fetch the script again"
    mkdir "$work/build"
    tar -xzf "$work/archive" -C "$work/build" --no-same-owner
    said=$("$work/build/node" --version 2>&1) ||
      fail "Node does not run here ($(echo "$said" | head -n 1)); it needs glibc ${glibcNeeded} or newer and libstdc++ (Debian: apt-get install libstdc++6)" 3
    mv "$work/build" "$folder/$build"
  fi
  ln -sfn "$build" "$folder/current.new"
  mv -T "$folder/current.new" "$folder/current"
  mkdir -p "$prefix/bin"
  printf '#!/bin/sh\\nexec "%s/current/node" "%s/current/skerry.mjs" "$@"\\n' "$folder" "$folder" >"$prefix/bin/skerry.new"
  chmod 755 "$prefix/bin/skerry.new"
  mv "$prefix/bin/skerry.new" "$prefix/bin/skerry"
  echo "installed $prefix/bin/skerry"
}

main "$@"
`;
}
