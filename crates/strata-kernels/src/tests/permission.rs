//! A process whose system refuses tiles, in a child with a filter of system calls.

use std::env;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::instruction_set::{InstructionSet, Unavailable};
use crate::kernels::Kernels;

/// Marks the child.
const CHILD: &str = "STRATA_KERNELS_TEST_WITHOUT_TILES";

/// Offsets in the filter's data: the number of the system call, and its first argument's lower half.
const NUMBER: u32 = 0;
const FIRST_ARGUMENT: u32 = 16;

const ARCH_REQ_XCOMP_PERM: u32 = 0x1023;

/// Lets this process and its children do everything but ask for permission to use tiles.
///
/// # Errors
/// The system allows no filters.
fn refuse_tiles() -> io::Result<()> {
    let load = |k| libc::sock_filter { code: 0x20, jt: 0, jf: 0, k };
    let skip_unless_equal = |k, jf| libc::sock_filter { code: 0x15, jt: 0, jf, k };
    let answer = |k| libc::sock_filter { code: 0x06, jt: 0, jf: 0, k };
    let mut filter = [
        load(NUMBER),
        skip_unless_equal(libc::SYS_arch_prctl as u32, 3),
        load(FIRST_ARGUMENT),
        skip_unless_equal(ARCH_REQ_XCOMP_PERM, 1),
        answer(libc::SECCOMP_RET_ERRNO | libc::EPERM as u32),
        answer(libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: the program is valid during the call, and the calls change nothing but what the
    // process may do.
    let refused = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
            || libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) != 0
    };
    if refused { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[test]
fn without_permission_for_tiles_avx512_is_used_and_the_reason_is_known() {
    if env::var_os(CHILD).is_some() {
        assert_eq!(InstructionSet::Amx.check(), Err(Unavailable::System));
        assert!(Kernels::new(InstructionSet::Amx).is_none());
        assert_eq!(Kernels::best().set(), InstructionSet::Avx512);
        return;
    }
    if InstructionSet::Amx.check().is_err() {
        return;
    }
    let name =
        "tests::permission::without_permission_for_tiles_avx512_is_used_and_the_reason_is_known";
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", name]).env(CHILD, "1");
    // SAFETY: only system calls are made before the new program starts, and the filter is on the
    // stack.
    unsafe { child.pre_exec(refuse_tiles) };
    let output = child.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn an_instruction_set_that_can_be_used_has_no_reason_against_it() {
    for set in InstructionSet::ALL {
        assert_eq!(set.check().is_ok(), Kernels::new(set).is_some(), "{}", set.name());
    }
}
