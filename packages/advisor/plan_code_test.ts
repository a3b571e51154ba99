/** Plans as code that compiles, where there is a compiler. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseRegistrationSet } from "./parse_registration_set.ts";
import { plan } from "./plan.ts";
import { planC } from "./plan_c.ts";
import type { Plan } from "./plan_report.ts";
import { planRust } from "./plan_rust.ts";

const old = parseRegistrationSet(`[
  {"addr":"0xfebf0000","len":2,"name":"tx"},
  {"addr":"0xc010","len":1,"flags":3,"datamatch":"0xfa","name":"*/ evil"},
  {"addr":"0x1ffffffff000","len":8,"flags":1,"datamatch":"0xffffffffffffffff","fd":3}
]`);
const next = parseRegistrationSet(`[
  {"addr":"0xfebf0000","len":0,"name":"tx"},
  {"addr":"0xc010","len":1,"flags":2,"name":"*/ evil"},
  {"addr":"0xc020","len":4,"flags":3,"datamatch":"0x1ffffffff","name":"too wide"},
  {"addr":"0x1ffffffff000","len":8,"flags":1,"datamatch":"0xffffffffffffffff","fd":3}
]`);
const plans: readonly Plan[] = [plan(old, next), plan(next, old), plan(old, old)];

async function compiles(
  command: string,
  args: readonly string[],
  files: Readonly<Record<string, string>>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${directory}/${name}`, text);
    }
    const { success, stderr } = await new Deno.Command(command, {
      args: [...args],
      cwd: directory,
      stdout: "piped",
      stderr: "piped",
    }).output();
    const text = new TextDecoder().decode(stderr);
    assertEquals([success, text], [true, ""]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function has(command: string): Promise<boolean> {
  try {
    return (await new Deno.Command(command, { args: ["--version"], stdout: "null", stderr: "null" })
      .output()).success;
  } catch {
    return false;
  }
}

Deno.test("planC() writes each step as an ioctl that fills what the step needs", () => {
  const text = planC(plans[0]!);
  assertEquals(text.match(/ioctl\(vm, KVM_IOEVENTFD, &step\)/g)?.length, plans[0]!.steps.length);
  assertStringIncludes(text, "until step 3 its writes exit to userspace");
  assertStringIncludes(text, ".flags = KVM_IOEVENTFD_FLAG_DATAMATCH | KVM_IOEVENTFD_FLAG_PIO,");
  assertStringIncludes(text, ".datamatch = 0x1ffffffffULL,");
});

Deno.test("planC() compiles without a warning", async () => {
  if (!await has("gcc")) return console.log("skipped: no gcc here");
  const files = Object.fromEntries(plans.map((plan, i) => [`plan${i}.c`, planC(plan)]));
  const flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"];
  await compiles("gcc", [...flags, ...Object.keys(files)], files);
});

Deno.test("planRust() says with kvm-ioctls what it can, and the rest with the ioctl", () => {
  const [there, back, none] = plans.map(planRust);
  assertStringIncludes(
    there!,
    "vm.register_ioevent(&efd.efd_tx, &IoEventAddress::Mmio(0xfebf0000), NoDatamatch)?;",
  );
  assertStringIncludes(there!, "ioeventfd(vm, &efd.efd_tx, 0xfebf0000, 2, 0, 0x4)?;");
  assertStringIncludes(
    back!,
    "vm.register_ioevent(&efd.efd_evil, &IoEventAddress::Pio(0xc010), 0xfau8)?;",
  );
  assert(!none!.includes("ioctl_with_ref"));
});

// What a plan uses of kvm-ioctls, kvm-bindings and vmm-sys-util.
const crates = `#![allow(dead_code)]
mod kvm_bindings {
    pub const KVMIO: u32 = 0xAE;
    #[repr(C)]
    #[derive(Default)]
    pub struct kvm_ioeventfd { pub datamatch: u64, pub addr: u64, pub len: u32, pub fd: i32, pub flags: u32 }
}
mod kvm_ioctls {
    use crate::vmm_sys_util::{errno::Error, eventfd::EventFd};
    pub enum IoEventAddress { Pio(u64), Mmio(u64) }
    pub struct NoDatamatch;
    impl From<NoDatamatch> for u64 { fn from(_: NoDatamatch) -> u64 { 0 } }
    pub struct VmFd(std::fs::File);
    impl VmFd {
        pub fn register_ioevent<T: Into<u64>>(&self, _: &EventFd, _: &IoEventAddress, _: T) -> Result<(), Error> { Ok(()) }
        pub fn unregister_ioevent<T: Into<u64>>(&self, _: &EventFd, _: &IoEventAddress, _: T) -> Result<(), Error> { Ok(()) }
    }
    impl std::os::fd::AsRawFd for VmFd { fn as_raw_fd(&self) -> i32 { self.0.as_raw_fd() } }
}
mod vmm_sys_util {
    pub mod errno { pub struct Error(i32); impl Error { pub fn last() -> Error { Error(0) } } }
    pub mod eventfd {
        pub struct EventFd(std::fs::File);
        impl std::os::fd::AsRawFd for EventFd { fn as_raw_fd(&self) -> i32 { self.0.as_raw_fd() } }
    }
    pub mod ioctl {
        /// # Safety
        /// None.
        pub unsafe fn ioctl_with_ref<F: std::os::fd::AsRawFd, T>(_: &F, _: std::ffi::c_ulong, _: &T) -> i32 { 0 }
    }
    macro_rules! ioctl_iow_nr_ {
        ($name:ident, $ty:expr, $nr:expr, $size:ty) => {
            #[allow(non_snake_case)]
            pub fn $name() -> std::ffi::c_ulong {
                (1 << 30) | ((std::mem::size_of::<$size>() as std::ffi::c_ulong) << 16) | (($ty as std::ffi::c_ulong) << 8) | $nr
            }
        };
    }
    pub(crate) use ioctl_iow_nr_ as ioctl_iow_nr;
}
`;

Deno.test("planRust() compiles against the types of its crates", async () => {
  if (!await has("rustc")) return console.log("skipped: no rustc here");
  const modules = plans.map((_, i) => `mod plan${i};`).join("\n");
  const files = Object.fromEntries(plans.map((plan, i) => {
    const text = planRust(plan).replaceAll(/^use (kvm_|vmm_)/gm, "use crate::$1")
      .replaceAll(/^vmm_sys_util::ioctl_iow_nr/gm, "crate::vmm_sys_util::ioctl_iow_nr")
      .replaceAll(" kvm_bindings::KVMIO", " crate::kvm_bindings::KVMIO");
    return [`plan${i}.rs`, text];
  }));
  const args = ["--edition", "2021", "--crate-type", "lib", "--emit", "metadata", "lib.rs"];
  await compiles("rustc", args, { ...files, "lib.rs": `${crates}\n${modules}\n` });
});
