//! Ends servers with the process that needed them, even if that is killed.

use std::{
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
};

use super::process::Home;

/// A shell that waits for the end of its input, which comes when this process is gone, and then
/// ends the servers: first asked, then killed. `$2`, `$4` … is the folder that each must belong to.
const SCRIPT: &str = r#"
cat > /dev/null
end() {
    signal=$1
    shift
    while [ $# -gt 0 ]; do
        grep --quiet --fixed-strings "$2" "/proc/$1/cmdline" 2> /dev/null && kill "$signal" "$1"
        shift 2
    done
}
end -TERM "$@"
sleep 20
end -KILL "$@"
"#;

/// The shell; the system closes its input when this process ends.
pub(super) struct Guard(Child);

impl Guard {
    pub(super) fn over(homes: &[Home]) -> Result<Self, String> {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "guard"]);
        for home in homes {
            let (pid, _) = home.running().ok_or("a server has ended just after its start")?;
            command.arg(pid).arg(home.path());
        }
        let shell = command
            // An interrupt ends the recipe; the guard has its work to do then.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{command:?}: {error}"))?;
        Ok(Self(shell))
    }
}

impl Drop for Guard {
    /// Dismisses it: there is nothing left to end.
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[cfg(test)]
mod tests {
    use std::{
        thread,
        time::{Duration, Instant},
    };

    use super::*;

    /// A process named after its folder, as servers are.
    fn server(name: &str) -> Home {
        let dir = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a folder");
        std::fs::write(dir.join("input"), "").expect("a file");
        let home = Home::at(dir);
        let mut command = Command::new("tail");
        command.arg("--follow").arg(home.path().join("input"));
        home.spawn(command, "127.0.0.1:1").expect("it starts");
        home
    }

    #[test]
    fn servers_end_with_the_process_that_needed_them() {
        let home = server("guarded");
        let other = server("unguarded");
        let mut guard = Guard::over(&[Home::at(home.path().to_owned())]).expect("a guard");
        assert!(home.running().is_some());
        // What the system does when the process is killed.
        drop(guard.0.stdin.take());
        let start = Instant::now();
        while home.running().is_some() {
            assert!(start.elapsed() < Duration::from_secs(15), "it was not ended");
            thread::sleep(Duration::from_millis(10));
        }
        assert!(other.running().is_some(), "others are left alone");
        other.stop().expect("stopped");
        assert!(other.running().is_none());
        for home in [home, other] {
            std::fs::remove_dir_all(home.path()).expect("removed");
        }
    }
}
