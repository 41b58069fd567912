use super::super::board::{Board, Face, Slot};
use super::super::canvas::Paint;
use super::*;

fn slot(name: &str, face: Face, words: [&str; 3], percent: Option<u8>) -> Slot {
    let [device, reason, advice] = words.map(str::to_owned);
    let step = if face == Face::Busy { "exposed" } else { "" };
    Slot { name: name.to_owned(), face, device, step, percent, reason, advice }
}

fn slots() -> Vec<Slot> {
    let failure = "file:s2 reads back differently at 0x10020: not what was written";
    vec![
        slot("1  file:s1", Face::Pass, ["sensor-0001  SN-000001", "", "take it out"], None),
        slot(
            "2  file:s2",
            Face::Fail,
            ["sensor-0002", failure, "reject this unit: it does not hold what it is given"],
            None,
        ),
        slot("3  file:s3", Face::Busy, ["sensor-0003", "", ""], Some(45)),
        slot("4  file:s4", Face::Insert, ["", "", "put a unit in"], None),
    ]
}

fn board(count: usize) -> Board {
    let mut board = Board::new("firstlight   sensors   batch B-17".to_owned(), []);
    board.slots = slots().into_iter().cycle().take(count).collect();
    (board.passed, board.failed, board.left, board.next) = (12, 1, 487, Some("sensor-0014".to_owned()));
    board
}

fn shown(count: usize, columns: usize, rows: usize) -> Vec<String> {
    let canvas = draw(&board(count), columns, rows, '█');
    assert_eq!(canvas.plain().len(), rows);
    assert!(canvas.plain().iter().all(|line| line.chars().count() <= columns));
    canvas.plain()
}

fn compare(name: &str, lines: &[String]) {
    let path = format!("{}/tests/golden/station-screen/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = lines.join("\n") + "\n";
    if std::env::var_os("FIRSTLIGHT_GOLDEN").is_some() {
        std::fs::create_dir_all(std::path::Path::new(&path).parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert_eq!(text, golden, "{name}: look at it, then write it with FIRSTLIGHT_GOLDEN=1");
}

#[test]
fn the_screen_is_drawn_as_it_was_looked_at() {
    compare("two-80x24", &shown(2, 80, 24));
    compare("four-80x24", &shown(4, 80, 24));
    compare("four-200x50", &shown(4, 200, 50));
    compare("two-40x24", &shown(2, 40, 24));
}

#[test]
fn no_size_overflows_or_panics_and_the_verdict_is_in_words_wherever_there_is_room() {
    for count in 0..9 {
        for (columns, rows) in [(1, 1), (3, 5), (20, 8), (40, 12), (40, 24), (80, 24), (200, 50), (500, 200)] {
            shown(count, columns, rows);
        }
    }
    // A block of three rows has no room for large letters: the word is there all the same.
    let small = shown(4, 40, 16).join("\n");
    assert!(small.contains("PASS") && small.contains("FAIL"), "{small}");
}

#[test]
fn a_verdict_is_a_colour_and_large_letters_not_the_colour_alone() {
    let canvas = draw(&board(2), 80, 24, '█');
    let painted = |paint| {
        (0..24)
            .flat_map(|row| (0..80).map(move |column| (column, row)))
            .filter(|(column, row)| canvas.paint_at(*column, *row) == Some(paint))
            .count()
    };
    assert!(painted(Paint::Good) > 300 && painted(Paint::Bad) > 300);
    let dots = canvas.plain().join("").matches('█').count();
    assert!(dots > 100, "{dots}");
    assert!(canvas.rows(false).iter().all(|row| !row.contains('\x1b')));
}
