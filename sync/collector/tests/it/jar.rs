//! Somebody at a browser that keeps all cookies it is given, by name; fills in forms, follows nothing by itself.

use std::collections::BTreeMap;

use crate::support::{PATIENCE, Server};

/// A password that nobody has but tests.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// What a page came to.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) location: String,
    pub(crate) text: String,
}

/// A browser at a collector's pages.
pub(crate) struct Browser {
    client: reqwest::Client,
    url: String,
    pub(crate) cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn at(server: &Server) -> Self {
        Self::at_url(server.collector().web_url())
    }

    pub(crate) fn at_url(url: &str) -> Self {
        // The same TLS as elsewhere, although these pages are plain: a client without any is not built.
        let tls = crate::support::tls("", None);
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let client = client.tls_backend_preconfigured(tls).build().unwrap();
        Self { client, url: url.to_owned(), cookies: BTreeMap::new() }
    }

    /// The first person of all, who runs the collector.
    pub(crate) async fn of_admin(server: &Server) -> Self {
        let mut browser = Self::at(server);
        let link = server.collector().first_link().unwrap();
        let path = link.strip_prefix(server.collector().web_url()).unwrap().to_owned();
        browser.make_account(&path, "root@example.com").await;
        browser
    }

    /// Follows a link and makes an account.
    pub(crate) async fn make_account(&mut self, path: &str, login: &str) {
        let fields = [("login", login), ("name", "Somebody"), ("password", PASSWORD)];
        let page = self.post(path, &fields).await;
        assert_eq!(page.status, 303, "{}", page.text);
    }

    pub(crate) async fn get(&mut self, path: &str) -> Page {
        let request = self.client.get(format!("{}{path}", self.url));
        self.send(request).await
    }

    /// Sends a form as it is.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body: String =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(fields.iter().copied()).finish();
        let request = self.client.post(format!("{}{path}", self.url)).body(body);
        self.send(request.header("content-type", "application/x-www-form-urlencoded")).await
    }

    /// Sends a form of a page, with the key that stands in it.
    pub(crate) async fn submit(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Page {
        let shown = self.get(page).await;
        let key = between(&shown.text, "name=\"key\" value=\"", "\"").to_owned();
        let fields = [&[("key", key.as_str())], fields].concat();
        self.post(path, &fields).await
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Page {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header("cookie", cookies.join("; ")).timeout(PATIENCE);
        let response = request.send().await.unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            match cookie.contains("Max-Age=0") {
                true => self.cookies.remove(name),
                false => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        let location =
            response.headers().get("location").map_or("", |value| value.to_str().unwrap()).to_owned();
        Page { status: response.status().as_u16(), location, text: response.text().await.unwrap() }
    }
}

/// What stands between two texts, the first time.
pub(crate) fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("no `{before}` in {text}")).1;
    rest.split_once(after).unwrap().0
}
