# A terminal: ioeventfd record starts QEMU, ioeventfd watch shows a table of doorbells that grows while the guest reads its disk
# The session that docs/recording.svg shows: as root, with bpftrace, QEMU, SeaBIOS and a C compiler.
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$(mktemp -d)" || exit
cc -c -m32 -o guest.o "$root/captures/guests/read-sectors.S"
ld -m elf_i386 -Ttext 0x7c00 --oformat binary -o disk guest.o
truncate -s 1M disk

ioeventfd() {
  deno run --quiet --no-check --allow-all "$root/apps/cli/main.ts" "$@"
}

line='ioeventfd record --quiet -o - -- qemu-system-x86_64 -accel kvm -machine pc,kernel-irqchip=split -nodefaults \
    -no-reboot -display none -drive file=disk,format=raw,if=virtio | ioeventfd watch -'
printf '$ '
printf '%s' "$line" | while IFS= read -r -n1 -d '' letter; do
  printf '%s' "$letter"
  sleep 0.01
done
printf '\n'
eval "$line" 2>/dev/null
rm -r "$PWD"
