"""An OpenID provider on this machine: Authlib's own server, which demands PKCE and hands out signed identity tokens."""

import threading
import warnings
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, jsonify, request
from joserfc.jwk import KeySet, RSAKey
from werkzeug.serving import make_server

CLIENT, SECRET = "tidu", "a secret of two parties: & 100 %"


@dataclass
class Client:
    redirect_uri: str

    def get_client_id(self) -> str:
        return CLIENT

    def get_default_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self.redirect_uri

    def check_client_secret(self, secret: str) -> bool:
        return secret == SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"

    client_metadata: dict[str, Any] = field(default_factory=dict)


@dataclass
class Code:
    data: dict[str, str]
    user: str

    def get_redirect_uri(self) -> str:
        return self.data["redirect_uri"]

    def get_scope(self) -> str:
        return self.data["scope"]

    def get_nonce(self) -> str:
        return self.data["nonce"]

    def get_auth_time(self) -> None:
        return None

    get_acr = get_amr = get_auth_time

    @property
    def code_challenge(self) -> str | None:
        return self.data.get("code_challenge")

    @property
    def code_challenge_method(self) -> str | None:
        return self.data.get("code_challenge_method")


class OpenIdProvider:
    """`person`: who is signed in there. `claims`: what an identity token says otherwise than it should."""

    def __init__(self, redirect_uri: str) -> None:
        self.person, self.claims = "wang-0001", {}
        self.client, self.codes = Client(redirect_uri), {}
        self.turn_keys()
        app = Flask("provider")
        self.server = make_server("127.0.0.1", 0, app)
        self.issuer = f"http://127.0.0.1:{self.server.port}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            oauth = AuthorizationServer(app, query_client=self._client, save_token=lambda *_: None)
        oauth.register_grant(self._grant(), [self._openid(), CodeChallenge(required=True)])
        app.add_url_rule("/.well-known/openid-configuration", "configuration", self._configuration)
        app.add_url_rule("/keys", "keys", lambda: jsonify(KeySet([self.key]).as_dict(private=False)))
        app.add_url_rule("/token", "token", oauth.create_token_response, methods=["POST"])
        app.add_url_rule("/authorize", "authorize", lambda: self._authorize(oauth))
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def turn_keys(self) -> None:
        self.key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)

    def __enter__(self) -> "OpenIdProvider":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def _client(self, client_id: str) -> Client | None:
        return self.client if client_id == CLIENT else None

    def _configuration(self) -> Any:
        places = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return jsonify({"issuer": self.issuer} | {name: f"{self.issuer}/{path}" for name, path in places.items()})

    def _authorize(self, oauth: AuthorizationServer) -> Any:
        grant = oauth.get_consent_grant(end_user=self.person)
        return oauth.create_authorization_response(grant_user=self.person, grant=grant)

    def _grant(self) -> type[grants.AuthorizationCodeGrant]:
        provider = self

        class Grant(grants.AuthorizationCodeGrant):
            TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]

            def save_authorization_code(self, code: str, asked: Any) -> None:
                data = {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}
                provider.codes[code] = Code(data, provider.person)

            def query_authorization_code(self, code: str, client: Any) -> Code | None:
                return provider.codes.get(code)

            def delete_authorization_code(self, authorization_code: Code) -> None:
                provider.codes = {c: kept for c, kept in provider.codes.items() if kept is not authorization_code}

            def authenticate_user(self, authorization_code: Code) -> str:
                return authorization_code.user

        return Grant

    def _openid(self) -> OpenIDCode:
        provider = self

        class OpenId(OpenIDCode):
            def exists_nonce(self, nonce: str, asked: Any) -> bool:
                return False

            def resolve_client_private_key(self, client: Any) -> Any:
                return provider.key

            def get_client_algorithm(self, client: Any) -> str:
                return "RS256"

            def get_encode_header(self, client: Any) -> dict[str, str]:
                return {"alg": "RS256", "kid": provider.key.kid}

            def get_client_claims(self, client: Any) -> dict[str, Any]:
                return {"iss": provider.issuer}

            def generate_user_info(self, user: str, scope: str) -> UserInfo:
                return UserInfo(**({"sub": user, "name": "王小明"} | provider.claims))

        return OpenId(require_nonce=True)
