//! Claims about the reading half of src/app/payments.rs; payments.rs beside this file lists them.

use crate::app::payments::{GOOD, location, pay};
use crate::app::{Answer, get, send};
use nanoserve::app::App;

// N-81
pub fn a_payment_is_found_by_its_location() {
    let app = App::new();
    let made = pay(&app, GOOD);
    let path = location(&made);
    let found = get(&app, &path);
    found.expect(200, true, made.text());
    assert_eq!(found.text(), made.text());
    let encoded = path.replace("pay_", "%70ay%5F");
    assert_eq!(get(&app, &encoded).text(), made.text());
    assert_eq!(send(&app, "HEAD", &path, &[], b"").text(), made.text()); // the writer drops the content
}

// N-81
pub fn unknown_payments_are_404() {
    let app = App::new();
    let path = location(&pay(&app, GOOD));
    let next = format!("{}1", &path[..path.len() - 1]);
    for path in [
        &next,
        "/payments/x",
        "/payments/pay_",
        "/payments/%ff",
        "/payments/pay%5",
    ] {
        get(&app, path).expect(404, false, "unknown-payment");
    }
}

// N-81
pub fn payments_are_listed_newest_first_with_total() {
    let app = App::new();
    assert_eq!(
        get(&app, "/payments").text(),
        r#"{"payments":[],"total":0}"#
    );
    let made: Vec<Answer> = (0..103).map(|_| pay(&app, GOOD)).collect();
    let two = format!(
        r#"{{"payments":[{},{}],"total":103}}"#,
        made[102].text(),
        made[101].text()
    );
    assert_eq!(get(&app, "/payments?limit=2").text(), two);
    assert_eq!(get(&app, "/payments?a=b&limit=%32&c").text(), two);
    for (target, shown) in [
        ("/payments", 100),
        ("/payments?limit=1000", 103),
        ("/payments?limit=103", 103),
    ] {
        let listed = get(&app, target);
        listed.expect(200, true, "\"total\":103}");
        assert_eq!(listed.text().matches("pay_").count(), shown, "{target}");
    }
}

// N-81
pub fn a_bad_limit_is_400() {
    let app = App::new();
    for limit in [
        "",
        "0",
        "1001",
        "-1",
        "+5",
        "%2B5",
        "1.0",
        "ten",
        "5%",
        "99999999999999999999",
        "5&limit=5",
    ] {
        let answer = get(&app, &format!("/payments?limit={limit}"));
        answer.expect(400, false, "limit: expected one integer from 1 to 1000");
    }
    get(&app, "/payments?limit").expect(400, false, "bad-query");
}

// N-81
pub fn accounts_show_their_balances() {
    let app = App::new();
    let full = r#""balances":{"EUR":100000000000,"USD":100000000000}"#;
    let opening = format!(r#"{{"accounts":[{{"name":"alice",{full}}},{{"name":"bob",{full}}}]}}"#);
    assert_eq!(get(&app, "/accounts").text(), opening);
    pay(
        &app,
        r#"{"from":"alice","to":"c-1","amount":5,"currency":"EUR"}"#,
    )
    .expect(201, true, "");
    let c1 = r#"{"name":"c-1","balances":{"EUR":5}}"#;
    assert_eq!(get(&app, "/accounts/c-1").text(), c1);
    let accounts = get(&app, "/accounts");
    accounts.expect(200, true, &format!(",{c1}]}}"));
    accounts.expect(
        200,
        true,
        r#""alice","balances":{"EUR":99999999995,"USD":100000000000}"#,
    );
    assert_eq!(accounts.content_type(), "application/json");
}

// N-81
pub fn names_in_paths_are_percent_decoded() {
    let app = App::new();
    assert_eq!(
        get(&app, "/accounts/%61lice").text(),
        get(&app, "/accounts/alice").text()
    );
    for name in ["carol", "Alice", "%2", "%ff", "alice%00"] {
        get(&app, &format!("/accounts/{name}")).expect(404, false, "unknown-account");
    }
}
