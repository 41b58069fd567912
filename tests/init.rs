//! `init`, `backup` and `restore`, and the one authority of a fleet, at the command line.
#![allow(clippy::unwrap_used)]

mod common;

use common::{TestFleet, oracle};

const TEMPLATES: [&str; 5] = ["cloud-init", "raspberry-pi", "mqtt", "lwm2m", "plain"];

#[test]
fn what_init_writes_passes_check_and_write_at_once_for_every_template() {
    for template in TEMPLATES {
        let fleet = TestFleet::empty();
        let said = fleet.run(&["init", "plant", "--template", template, "--devices", "2"]).ok();
        said.says(&["fleet.lock", "UNPROTECTED", "firstlight backup", "firstlight check"]);
        fleet.run(&["check", "--fleet", "plant"]).ok();
        fleet
            .run(&["write", "--fleet", "plant", "--all", "--to", "image:out/"])
            .ok()
            .says(&["2 written and read back"]);
        fleet.run(&["render", "--fleet", "plant", "--all", "--out", "bundles"]).ok();
        assert!(fleet.file("plant/fleet.lock").exists(), "{template}: the root is pinned");
        let mode = std::os::unix::fs::MetadataExt::mode(&fleet.file("plant/.firstlight").metadata().unwrap());
        assert_eq!(mode & 0o777, 0o700, "{template}");
    }
}

#[test]
fn init_refuses_a_folder_that_is_not_empty_and_says_how_to_go_on() {
    let fleet = TestFleet::empty();
    fleet.write("plant/notes.txt", "mine");
    fleet.run(&["init", "plant", "--template", "mqtt"]).exits(6).says(&["not empty", "hint:"]);
    assert_eq!(std::fs::read_dir(fleet.file("plant")).unwrap().count(), 1, "nothing is added");
    fleet.run(&["init", "new", "--template", "nothing-known"]).exits(1).says(&["cloud-init"]);
    fleet.run(&["init", "new"]).exits(6).says(&["--template"]);
}

#[test]
fn init_asks_at_a_terminal() {
    let fleet = TestFleet::empty();
    let script = format!(
        "import os,pty,sys,time,select\n\
         pid,fd=pty.fork()\n\
         if pid==0: os.execv({binary:?},['firstlight','init','plant'])\n\
         seen=b''\n\
         def until(text):\n\
         \x20   global seen\n\
         \x20   end=time.time()+30\n\
         \x20   while text not in seen and time.time()<end:\n\
         \x20       if select.select([fd],[],[],0.2)[0]:\n\
         \x20           try: seen+=os.read(fd,4096)\n\
         \x20           except OSError: return\n\
         until(b'What reads the media?')\n\
         for key in [b'\\033[B',b'\\033[B',b'\\033[B',b'\\r']: os.write(fd,key)\n\
         until(b'How many example devices'); os.write(fd,b'\\r')\n\
         until(b'server'); os.write(fd,b'\\r')\n\
         until(b'passphrase'); os.write(fd,b'n')\n\
         until(b'next:')\n\
         sys.stdout.buffer.write(seen)\n\
         sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid,0)[1]))\n",
        binary = common::BINARY
    );
    let output = std::process::Command::new("/usr/bin/python3")
        .args(["-c", &script])
        .current_dir(fleet.path())
        .env("TERM", "xterm")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    fleet.run(&["check", "--fleet", "plant"]).ok();
}

#[test]
fn a_lost_folder_of_keys_stops_everything_until_it_is_restored() {
    let fleet = TestFleet::real(2);
    fleet.run(&["write", "gw-0001", "--to", "image:out/"]).ok();
    fleet.write("passphrase", "correct horse battery staple\n");
    let backup = "exec 3<passphrase; \"$0\" backup station.age --backup-passphrase-fd 3";
    let shell = |script: &str| {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", script, common::BINARY]).current_dir(fleet.path()).env("USER", "tester").output().unwrap()
    };
    let ran = shell(backup);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let root = fleet.run(&["ca", "export"]).ok().stdout;
    let show = fleet.show("gw-0001");
    std::fs::remove_dir_all(fleet.file(".firstlight")).unwrap();
    for command in [
        &["check"][..],
        &["write", "--all", "--to", "image:out/"],
        &["issue", "--all"],
        &["render", "--all", "--out", "bundles"],
        &["devices", "list"],
        &["devices", "show", "gw-0001"],
        &["ledger", "log"],
        &["ledger", "verify"],
        &["ca", "show"],
        &["ca", "export"],
        &["ca", "init"],
    ] {
        let ran = fleet.run(command).exits(1);
        assert!(ran.stderr.contains("restore"), "{command:?} does not say how to go on:\n{}", ran.stderr);
        assert!(!fleet.file(".firstlight").exists(), "{command:?} made keys");
    }
    fleet.write("wrong", "incorrect\n");
    let wrong = shell("exec 3<wrong; \"$0\" restore station.age --backup-passphrase-fd 3");
    assert!(!wrong.status.success() && !fleet.file(".firstlight").exists());
    let ran = shell("exec 3<passphrase; \"$0\" restore station.age --backup-passphrase-fd 3");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert_eq!(fleet.run(&["ca", "export"]).ok().stdout, root);
    assert_eq!(fleet.show("gw-0001"), show);
    fleet.run(&["write", "--all", "--to", "image:out/"]).ok().says(&["1 written and read back", "1 done before"]);
    let again = shell("exec 3<passphrase; \"$0\" restore station.age --backup-passphrase-fd 3");
    assert!(!again.status.success(), "a restore overwrites nothing");
}

#[test]
fn a_second_root_is_never_made_and_the_first_is_shown_and_exported() {
    let fleet = TestFleet::real(1);
    fleet.run(&["ca", "init"]).exits(6).says(&["refusing to make a second authority"]);
    let shown = fleet.run(&["ca", "show", "--json"]).ok().json();
    assert_eq!(
        (&shown["pinned"], &shown["station_key"]),
        (&serde_json::json!(true), &serde_json::json!("unprotected"))
    );
    fleet.run(&["ca", "export", "--chain", "--out", "chain.pem"]).ok();
    fleet.run(&["ca", "export", "--out", "root.pem"]).ok();
    let chain = fleet.file("chain.pem");
    oracle(
        "openssl",
        &["verify", "-x509_strict", "-CAfile", fleet.file("root.pem").to_str().unwrap(), chain.to_str().unwrap()],
    );
    std::fs::write(fleet.file("other.yaml"), "").unwrap();
    let lock = fleet.read("fleet.lock");
    let other = TestFleet::real(1);
    other.write("fleet.lock", &lock);
    other.run(&["check"]).exits(1).says(&["refusing to use another authority"]);
}
